package smpp

import (
	"math/big"
	"strings"
)

// IDMode says how a carrier writes a message id in a receipt, compared with its response to the
// submit. Carriers differ, and the difference is the usual reason why receipts find nothing.
type IDMode uint8

// The ways in which ids differ.
const (
	SameID   IDMode = iota // the same, but for letter case and leading zeros
	HexToDec               // hexadecimal in the response, decimal in the text of the receipt
	DecToHex               // decimal in the response, hexadecimal in the text of the receipt
)

// responseKey is the normal form of an id in a submit_sm_resp, or in receipted_message_id, which
// repeats it.
func (m IDMode) responseKey(id string) string {
	if m == HexToDec {
		return rebase(id, 16)
	}
	return normal(id)
}

// receiptKey is the normal form of an id in the text of a receipt.
func (m IDMode) receiptKey(id string) string {
	if m == DecToHex {
		return rebase(id, 16)
	}
	return normal(id)
}

// normal lowers the case and drops leading zeros. An id that is already so costs nothing.
func normal(id string) string {
	id = strings.ToLower(word(strings.TrimSpace(id)))
	if t := strings.TrimLeft(id, "0"); t != "" {
		return t
	}
	if id == "" {
		return ""
	}
	return "0"
}

// rebase writes a number of any length in decimal; what is not a number is only normalised.
func rebase(id string, base int) string {
	s := strings.TrimSpace(id)
	if len(s) > 64 || s == "" || s[0] == '-' || s[0] == '+' {
		return normal(id)
	}
	if n, ok := new(big.Int).SetString(s, base); ok {
		return n.String()
	}
	return normal(id)
}
