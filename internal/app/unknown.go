//go:build !mutant

package app

// resendUnknown is what the trade does and Tidings does not: send again what
// was written and not answered. The build tag mutant switches it on, so that
// the kill test can prove that it would see the people who get a text twice.
const resendUnknown = false
