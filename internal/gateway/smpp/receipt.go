package smpp

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway"
)

// isReceipt tells a receipt from a text of a person. Marks decide: the message type bits of
// esm_class, or the parameters that only receipts have. The words of the text decide only on
// routes that ask for it, since anybody can write "id:".
func (r *Route) isReceipt(m *SM) bool {
	if m.ESMClass&esmKinds != 0 {
		return true
	}
	if m.TLV(TagMessageState) != nil && m.TLV(TagReceiptedMessageID) != nil {
		return true
	}
	if !r.TextReceipts {
		return false
	}
	text := m.Message()
	text = lowerASCII(bytes.Clone(text[:min(len(text), maxText)]))
	return bytes.HasPrefix(text, []byte("id:")) && bytes.Contains(text, []byte("stat:"))
}

// receipt reads a receipt in any of the shapes carriers give it. What is not there stays zero.
func (r *Route) receipt(m *SM) gateway.Receipt {
	text := m.Message()
	if m.ESMClass&esmUDHI != 0 && len(text) > 0 && len(text) > int(text[0]) {
		text = text[1+int(text[0]):]
	}
	fields := receiptFields(string(text[:min(len(text), maxText)]))
	out := gateway.Receipt{
		GatewayID: r.Name, To: m.Source.plain(), From: m.Dest.plain(),
		Raw: append([]byte(nil), text...), DoneAt: receiptTime(fields.done),
	}
	// Some carriers leave the addresses as they were in the submit: the sender is then the source.
	if m.Source.TON == tonAlphanumeric || digits(m.Source.Digits) == "" {
		out.To, out.From = out.From, out.To
	}
	if id := cString(m.TLV(TagReceiptedMessageID)); id != "" {
		out.ProviderID, out.MatchID = id, normal(id)
	} else {
		out.ProviderID, out.MatchID = fields.id, r.IDs.receiptKey(fields.id)
	}
	if v := m.TLV(TagUserReference); len(v) == 2 {
		out.UserRef = uint16(v[0])<<8 | uint16(v[1])
	}
	out.State = stateOf(fields.stat)
	if v := m.TLV(TagMessageState); len(v) == 1 && (out.State == 0 || out.State == gateway.Unknowable) {
		out.State = stateOfNumber(v[0])
	}
	if out.State == 0 {
		out.State = gateway.Unknowable
		if fields.stat == "" {
			out.State = gateway.Enroute // says nothing: it must not end anything
		}
	}
	if m.ESMClass&0x20 != 0 && out.State != gateway.Delivered {
		out.State = gateway.Enroute // an intermediate notification ends nothing
	}
	out.Final = out.State != gateway.Enroute
	out.Code = networkError(m.TLV(TagNetworkError), fields.err)
	return out
}

// receiptText is the fields of the text of a receipt (Appendix B, "vendor specific").
type receiptText struct{ id, done, stat, err string }

var fieldNames = []string{"id", "sub", "dlvrd", "submit", "done", "stat", "err"}

// receiptFields finds the fields in any order and case, with any of them missing. All that
// follows "text:" is the person's own message and is not looked at.
func receiptFields(s string) (out receiptText) {
	lower := string(lowerASCII([]byte(s))) // of other letters places would not agree
	stop := len(s)
	if i := findField(lower, "text:"); i >= 0 {
		stop = i
	}
	s, lower = s[:stop], lower[:stop]
	get := func(name string) string {
		i := findField(lower, name)
		if i < 0 {
			return ""
		}
		v := strings.TrimLeft(s[i+len(name):], " ")
		if i := strings.IndexAny(v, " \x00\r\n\t"); i >= 0 {
			v = v[:i]
		}
		if j := strings.IndexByte(v, ':'); j >= 0 && (name != "id:" || slices.Contains(fieldNames, strings.ToLower(v[:j]))) {
			return "" // the value is empty and the next field was met
		}
		return v
	}
	return receiptText{id: get("id:"), done: get("done date:"), stat: get("stat:"), err: get("err:")}
}

// lowerASCII writes the letters A to Z small, in place.
func lowerASCII(b []byte) []byte {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// findField finds a name at the beginning of a word.
func findField(s, name string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], name)
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || s[i-1] == ' ' || s[i-1] == '\n' || s[i-1] == '\r' || s[i-1] == '\t' {
			return i
		}
		from = i + 1
	}
}

// receiptTime reads YYMMDDhhmm with or without seconds, or with a year of four digits; zero for
// what is not a time. Carriers do not name the zone: it is read as UTC.
func receiptTime(s string) time.Time {
	var layout string
	switch len(s) {
	case 10:
		layout = "0601021504"
	case 12:
		layout = "060102150405"
	case 14:
		layout = "20060102150405"
	default:
		return time.Time{} // time.Parse would quote all of it in its error
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// states are the words of "stat:"; carriers add their own to those of the specification.
var states = map[string]gateway.State{
	"ENROUTE": gateway.Enroute, "ACCEPTD": gateway.Enroute, "ACCEPTED": gateway.Enroute,
	"BUFFRED": gateway.Enroute, "BUFFERD": gateway.Enroute, "BUFFERED": gateway.Enroute,
	"ACKED": gateway.Enroute, "SCHEDLD": gateway.Enroute, "SCHEDULED": gateway.Enroute,
	"DELIVRD": gateway.Delivered, "DELIVERD": gateway.Delivered, "DELIVERED": gateway.Delivered,
	"EXPIRED": gateway.Expired, "DELETED": gateway.Deleted, "SKIPPED": gateway.Rejected,
	"UNDELIV": gateway.Undelivered, "UNDELIVERED": gateway.Undelivered, "FAILED": gateway.Undelivered,
	"REJECTD": gateway.Rejected, "REJECTED": gateway.Rejected, "UNKNOWN": gateway.Unknowable,
}

// longestState is the length of the longest of the states.
const longestState = len("UNDELIVERED")

// stateOf reads a word; 0 for none, and for a word nobody knows Unknowable.
func stateOf(word string) gateway.State {
	if word == "" {
		return 0
	}
	if len(word) <= longestState {
		if s, ok := states[strings.ToUpper(word)]; ok {
			return s
		}
	}
	return gateway.Unknowable
}

// stateOfNumber reads message_state (§5.2.28); 0 for a value it does not know.
func stateOfNumber(n byte) gateway.State {
	switch n {
	case 0, 1, 6: // scheduled (5.0), enroute, accepted
		return gateway.Enroute
	case 2:
		return gateway.Delivered
	case 3:
		return gateway.Expired
	case 4:
		return gateway.Deleted
	case 5:
		return gateway.Undelivered
	case 7:
		return gateway.Unknowable
	case 8, 9: // rejected, skipped (5.0)
		return gateway.Rejected
	}
	return 0
}

// networkError names the error: network_error_code in its binary form or as three digits, else
// the text's "err:", which is not always a number.
func networkError(tlv []byte, text string) string {
	if len(tlv) == 3 {
		if n, err := strconv.Atoi(string(tlv)); err == nil {
			return fmt.Sprintf("smpp-net:%03d", n)
		}
		return fmt.Sprintf("smpp-net:%d:%03d", tlv[0], int(tlv[1])<<8|int(tlv[2]))
	}
	if strings.Trim(text, "0") == "" || strings.EqualFold(text, "nul") {
		return ""
	}
	return "smpp-err:" + strings.ToLower(word(text))
}

// cString is the value of a parameter that should end in a NUL and does not always.
func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
