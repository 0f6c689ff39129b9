package smpp

import (
	"testing"
	"time"

	"tidings/internal/gateway"
)

// B33: the shapes in which carriers really send receipts.
func TestReceiptVariants(t *testing.T) {
	day := time.Date(2025, 11, 23, 12, 1, 0, 0, time.UTC)
	std := "id:10ab sub:001 dlvrd:001 submit date:2511231200 done date:2511231201 stat:DELIVRD err:000 text:Hello"
	type want struct {
		id    string
		state gateway.State
		final bool
		code  string
		done  time.Time
	}
	ok := want{"10ab", gateway.Delivered, true, "", day}
	for name, tt := range map[string]struct {
		text string
		esm  byte
		tlvs []TLV
		want want
	}{
		"standard":           {text: std, want: ok},
		"capital Text":       {text: "id:10ab sub:001 dlvrd:001 submit date:2511231200 done date:2511231201 stat:DELIVRD err:000 Text:Hello", want: ok},
		"capital names":      {text: "ID:10ab SUB:001 DLVRD:001 SUBMIT DATE:2511231200 DONE DATE:2511231201 STAT:DELIVRD ERR:000 TEXT:Hello", want: ok},
		"no text":            {text: "id:10ab sub:001 dlvrd:001 submit date:2511231200 done date:2511231201 stat:DELIVRD err:000", want: ok},
		"no counts":          {text: "id:10ab submit date:2511231200 done date:2511231201 stat:DELIVRD err:000 text:", want: ok},
		"another order":      {text: "stat:DELIVRD err:000 done date:2511231201 id:10ab sub:001 text:x", want: ok},
		"fields in the text": {text: "id:10ab done date:2511231201 stat:DELIVRD err:000 text:id:99 stat:UNDELIV err:777", want: ok},
		"two blanks":         {text: "id:10ab  done date:2511231201  stat:DELIVRD  err:000", want: ok},
		"blank after colon":  {text: "id: 10ab done date: 2511231201 stat: DELIVRD err: 000 text: Hi", want: ok},
		"ends in NUL":        {text: "id:10ab done date:2511231201 stat:DELIVRD err:000\x00", want: ok},
		"line ends":          {text: "id:10ab\r\ndone date:2511231201\r\nstat:DELIVRD\r\nerr:000", want: ok},
		"seconds":            {text: "id:10ab done date:251123120100 stat:DELIVRD err:000", want: ok},
		"four-digit year":    {text: "id:10ab done date:20251123120100 stat:DELIVRD err:000", want: ok},
		"date of zeros":      {text: "id:10ab done date:0000000000 stat:DELIVRD err:000", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"empty date":         {text: "id:10ab done date: stat:DELIVRD err:000", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"no date":            {text: "id:10ab stat:DELIVRD", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"odd date":           {text: "id:10ab done date:23-11-2025 stat:DELIVRD", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},

		"err of letters":      {text: "id:10ab stat:UNDELIV err:21b", want: want{"10ab", gateway.Undelivered, true, "smpp-err:21b", time.Time{}}},
		"err nul":             {text: "id:10ab stat:DELIVRD err:nul", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"err of four":         {text: "id:10ab stat:UNDELIV err:0001", want: want{"10ab", gateway.Undelivered, true, "smpp-err:0001", time.Time{}}},
		"err of one":          {text: "id:10ab stat:UNDELIV err:5 text:", want: want{"10ab", gateway.Undelivered, true, "smpp-err:5", time.Time{}}},
		"err of four zeros":   {text: "id:10ab stat:DELIVRD err:0000", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"empty err":           {text: "id:10ab stat:DELIVRD err: text:x", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"error parameter":     {text: "id:10ab stat:UNDELIV err:001", tlvs: []TLV{{TagNetworkError, []byte{3, 0, 1}}}, want: want{"10ab", gateway.Undelivered, true, "smpp-net:3:001", time.Time{}}},
		"error in digits":     {text: "id:10ab stat:UNDELIV err:001", tlvs: []TLV{{TagNetworkError, []byte("027")}}, want: want{"10ab", gateway.Undelivered, true, "smpp-net:027", time.Time{}}},
		"error of two octets": {text: "id:10ab stat:UNDELIV err:001", tlvs: []TLV{{TagNetworkError, []byte{3, 0}}}, want: want{"10ab", gateway.Undelivered, true, "smpp-err:001", time.Time{}}},

		"expired":      {text: "id:10ab stat:EXPIRED", want: want{"10ab", gateway.Expired, true, "", time.Time{}}},
		"deleted":      {text: "id:10ab stat:DELETED", want: want{"10ab", gateway.Deleted, true, "", time.Time{}}},
		"undeliv":      {text: "id:10ab stat:UNDELIV", want: want{"10ab", gateway.Undelivered, true, "", time.Time{}}},
		"acceptd":      {text: "id:10ab stat:ACCEPTD", want: want{"10ab", gateway.Enroute, false, "", time.Time{}}},
		"unknown":      {text: "id:10ab stat:UNKNOWN", want: want{"10ab", gateway.Unknowable, true, "", time.Time{}}},
		"rejectd":      {text: "id:10ab stat:REJECTD", want: want{"10ab", gateway.Rejected, true, "", time.Time{}}},
		"enroute":      {text: "id:10ab stat:ENROUTE", want: want{"10ab", gateway.Enroute, false, "", time.Time{}}},
		"buffred":      {text: "id:10ab stat:BUFFRED", want: want{"10ab", gateway.Enroute, false, "", time.Time{}}},
		"acked":        {text: "id:10ab stat:ACKED", want: want{"10ab", gateway.Enroute, false, "", time.Time{}}},
		"failed":       {text: "id:10ab stat:FAILED", want: want{"10ab", gateway.Undelivered, true, "", time.Time{}}},
		"skipped":      {text: "id:10ab stat:SKIPPED", want: want{"10ab", gateway.Rejected, true, "", time.Time{}}},
		"schedld":      {text: "id:10ab stat:SCHEDLD", want: want{"10ab", gateway.Enroute, false, "", time.Time{}}},
		"in full":      {text: "id:10ab stat:DELIVERED", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"lower case":   {text: "id:10ab stat:delivrd", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"unheard word": {text: "id:10ab stat:PONDERD", want: want{"10ab", gateway.Unknowable, true, "", time.Time{}}},
		"no state":     {text: "id:10ab err:000", want: want{"10ab", gateway.Enroute, false, "", time.Time{}}},

		"only parameters":          {tlvs: []TLV{{TagReceiptedMessageID, []byte("10ab\x00")}, {TagMessageState, []byte{2}}}, want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"parameters without NUL":   {tlvs: []TLV{{TagReceiptedMessageID, []byte("10ab")}, {TagMessageState, []byte{5}}}, want: want{"10ab", gateway.Undelivered, true, "", time.Time{}}},
		"no state parameter":       {text: "stat:DELIVRD", tlvs: []TLV{{TagReceiptedMessageID, []byte("10ab")}}, want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"state parameter decides":  {text: "id:10ab stat:UNKNOWN", tlvs: []TLV{{TagMessageState, []byte{2}}}, want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
		"parameter id, other base": {text: "id:0059113978 stat:DELIVRD", tlvs: []TLV{{TagReceiptedMessageID, []byte("38601fa")}}, want: want{"38601fa", gateway.Delivered, true, "", time.Time{}}},
		"in the payload":           {tlvs: []TLV{{TagPayload, []byte(std)}}, want: ok},
		"with a header":            {text: "\x05\x00\x03\x01\x01\x01" + std, esm: 0x44, want: ok},
		"delivery acknowledgement": {text: std, esm: 0x08, want: ok},
		"intermediate":             {text: "id:10ab stat:UNDELIV", esm: 0x20, want: want{"10ab", gateway.Enroute, false, "", time.Time{}}},
		"nothing in it":            {want: want{"", gateway.Enroute, false, "", time.Time{}}},
		"empty id":                 {text: "id: sub:001 stat:DELIVRD", want: want{"", gateway.Delivered, true, "", time.Time{}}},

		"id of 64-bit hex":     {text: "id:812FC7470000001B stat:DELIVRD", want: want{"812FC7470000001B", gateway.Delivered, true, "", time.Time{}}},
		"id of a UUID":         {text: "id:0a1b2c3d-0000-4000-8000-0123456789AB stat:DELIVRD", want: want{"0a1b2c3d-0000-4000-8000-0123456789AB", gateway.Delivered, true, "", time.Time{}}},
		"id of 64 characters":  {text: "id:00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff stat:DELIVRD", want: want{"00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", gateway.Delivered, true, "", time.Time{}}},
		"id with a colon":      {text: "id:node1:77 stat:DELIVRD", want: want{"node1:77", gateway.Delivered, true, "", time.Time{}}},
		"letters beyond ASCII": {text: "id:10ab stat:DELIVRD err:000 text:İstanbul", want: want{"10ab", gateway.Delivered, true, "", time.Time{}}},
	} {
		t.Run(name, func(t *testing.T) {
			m := SM{ESMClass: esmReceipt, Source: Address{1, 1, "447946012345"}, Dest: Address{1, 1, "447700900123"}, Short: []byte(tt.text), TLVs: tt.tlvs}
			if tt.esm != 0 {
				m.ESMClass = tt.esm
			}
			var r Route
			if !r.isReceipt(&m) {
				t.Fatal("taken for a person's text")
			}
			got := r.receipt(&m)
			if g := (want{got.ProviderID, got.State, got.Final, got.Code, got.DoneAt}); g != tt.want {
				t.Errorf("\n got %+v\nwant %+v", g, tt.want)
			}
		})
	}
}

// B33: who is who in a receipt: source and destination as the specification has them, or left as
// they were in the submit; with or without "+".
func TestReceiptAddresses(t *testing.T) {
	var r Route
	person, name := Address{1, 1, "+447946012345"}, Address{5, 0, "TIDINGS"}
	for _, m := range []SM{{Source: person, Dest: name}, {Source: name, Dest: person}, {Source: Address{0, 0, "TIDINGS"}, Dest: person}} {
		if got := r.receipt(&m); got.To != "447946012345" || got.From != "TIDINGS" {
			t.Errorf("%+v: to %q from %q", m, got.To, got.From)
		}
	}
	m := SM{Source: person, Dest: name, TLVs: []TLV{{TagUserReference, []byte{0x15, 0xA7}}}}
	if got := r.receipt(&m); got.UserRef != 0x15A7 {
		t.Errorf("user reference %#x", got.UserRef)
	}
}

// B33: a receipt without any mark is one only where the route says so.
func TestReceiptByItsWords(t *testing.T) {
	m := SM{Short: []byte("id:10ab stat:DELIVRD err:000")}
	if (&Route{}).isReceipt(&m) || !(&Route{TextReceipts: true}).isReceipt(&m) {
		t.Error("words decide without leave")
	}
}

// B34: the same message under the ids of a response and of a receipt.
func TestMatchID(t *testing.T) {
	for _, tt := range []struct {
		mode              IDMode
		response, receipt string
		same              bool
	}{
		{SameID, "00A1B2", "a1b2", true},
		{SameID, "a1b2", "A1B2", true},
		{SameID, "000", "0", true},
		{SameID, "12", "13", false},
		{SameID, "0A1B2C3D-0000-4000-8000-0123456789AB", "a1b2c3d-0000-4000-8000-0123456789ab", true},
		{HexToDec, "731d1334", "1931285300", true},
		{HexToDec, "731D1334", "001931285300", true},
		{HexToDec, "812FC7470000001B", "9308878062554710043", true},
		{HexToDec, "ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455", true},
		{HexToDec, "38601fa", "0059113978", true},
		{DecToHex, "1931285300", "731D1334", true},
		{DecToHex, "9308878062554710043", "812fc7470000001b", true},
		{SameID, "731d1334", "1931285300", false},
		{HexToDec, "not-a-number", "NOT-A-NUMBER", true},
	} {
		a, b := normal(tt.response), tt.mode.receiptKey(tt.receipt)
		if (a == b) != tt.same {
			t.Errorf("mode %d: %s is %s, %s is %s", tt.mode, tt.response, a, tt.receipt, b)
		}
	}
	// receipted_message_id repeats the response, whatever base the text of the receipt has.
	r := Route{IDs: HexToDec}
	m := SM{Short: []byte("id:1931285300 stat:DELIVRD"), TLVs: []TLV{{TagReceiptedMessageID, []byte("731d1334\x00")}}}
	if got := r.receipt(&m); got.MatchID != "731d1334" || got.ProviderID != "731d1334" {
		t.Errorf("%+v", got)
	}
}
