//go:build mutant

package app

const resendUnknown = true
