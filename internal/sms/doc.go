// Package sms holds the words of Tidings and their rules: what a campaign, a
// session, a message or a credit is, and what may be done with it. It does no
// I/O, knows no clock and logs nothing: time and facts are parameters.
package sms
