package smpp

import (
	"encoding/json"
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

// IDsUnknown is the setting of a route whose way is to be learned: until then ids are taken as
// they are.
const IDsUnknown = "auto"

// idModes are the ways by the words of the settings.
var idModes = map[string]IDMode{"same": SameID, "hex_to_dec": HexToDec, "dec_to_hex": DecToHex}

// IDsOf is how the settings of a route say that its carrier writes ids.
func IDsOf(settings json.RawMessage) string {
	var s Settings
	if json.Unmarshal(settings, &s) != nil {
		return ""
	}
	return s.IDs
}

// ReceiptID gives the id of a receipt the form that it had in the response, for a carrier whose
// ids differ in the way that a word of the settings says.
func ReceiptID(ids, id string) string { return idModes[ids].receiptKey(id) }

// receiptKey is the normal form of an id in the text of a receipt: that of the response. What is
// recorded of a response stays the same, whatever is learned about receipts afterwards.
func (m IDMode) receiptKey(id string) string {
	switch m {
	case HexToDec:
		return rebase(id, 10, 16)
	case DecToHex:
		return rebase(id, 16, 10)
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

// rebase writes a number of any length in another base; what is not a number is only normalised.
func rebase(id string, from, to int) string {
	s := strings.TrimSpace(id)
	if len(s) > 64 || s == "" || s[0] == '-' || s[0] == '+' {
		return normal(id)
	}
	if n, ok := new(big.Int).SetString(s, from); ok {
		return n.Text(to)
	}
	return normal(id)
}
