package smsc

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway/smpp"
	"tidings/internal/sms/gsm"
)

// Submit takes one submit_sm: it decides, writes the witness, answers, and plans what follows.
func (s *Server) Submit(p *smpp.Peer, m *smpp.SM) {
	now := time.Now()
	n := uint64(s.submits.Add(1))
	a := s.account(p.SystemID)
	text, part := smpp.DecodeText(m, false)
	l := Line{
		Time: now, Event: "submit", SystemID: p.SystemID, From: m.Source.Digits, To: m.Dest.Digits,
		Text: text, Coding: m.Coding, Ref: part.Ref, Part: part.Number, Total: part.Total, Validity: m.Validity,
	}
	if v := m.TLV(smpp.TagUserReference); len(v) == 2 {
		l.UserRef = uint16(v[0])<<8 | uint16(v[1])
	}
	f := s.choose(l.To, n)
	status := s.status(f, l.To, part)
	if !a.allow(s.cfg.Rate, now) {
		status = smpp.StatusThrottled
	}
	if s.cfg.CutEvery > 0 && n%uint64(s.cfg.CutEvery) == 0 {
		f, status = plan{cut: true, dropped: true}, smpp.StatusOK
	}
	switch {
	case status != smpp.StatusOK:
		s.refused.Add(1)
		l.Status, l.Outcome = status, Refused
	case f.dropped:
		l.Outcome = Lost
	default:
		s.accepted.Add(1)
		l.ID, l.Outcome = s.id(n), Taken
		if f.mute || f.cut {
			l.Outcome = Mute
		}
		l.Message, l.Complete = s.long.add(&l, part, now)
		if l.Complete {
			s.messages.Add(1)
		}
	}
	if s.witness != nil {
		s.witness.write(&l)
	}
	s.follow(p, a, m, &l, f)
}

// status is the refusal a plan asks for, or 0.
func (s *Server) status(f plan, to string, part gsm.Part) uint32 {
	if f.status == smpp.StatusOK || max(f.part, 1) != max(part.Number, 1) {
		return smpp.StatusOK
	}
	if f.times == 0 {
		return f.status
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tries[to] < f.times {
		s.tries[to]++
		return f.status
	}
	delete(s.tries, to)
	return smpp.StatusOK
}

// follow answers a submit and plans its receipts and the person's reply.
func (s *Server) follow(p *smpp.Peer, a *account, m *smpp.SM, l *Line, f plan) {
	if f.cut {
		p.Close()
	}
	n := s.count.Add(1)
	wait := s.cfg.Delay + f.wait + s.jitter(n, 4)
	switch {
	case f.cut, f.mute && l.Status == smpp.StatusOK:
	case wait <= 0:
		p.Answer(m, l.Status, l.ID)
	default:
		seq, data, status, id := m.Seq, m.Data, l.Status, l.ID
		s.schedule.after(wait, n, func() { p.AnswerTo(seq, data, status, id); p.Flush() })
	}
	if l.ID == "" {
		return
	}
	if m.Registered&3 != 0 && s.cfg.ReceiptDelay >= 0 {
		for _, r := range f.receipt {
			s.plan(a, m, l, r, n, wait, f.early)
		}
	}
	if l.Complete {
		s.senderOf(l.From, a)
		if f.reply != "" {
			from, to, text := l.To, l.From, f.reply
			s.schedule.after(wait+max(s.cfg.ReceiptDelay, 0)+time.Second, n, func() { s.say(a, from, to, text) })
		}
	}
}

// jitter is how much later than usual something happens, by chance.
func (s *Server) jitter(n, k uint64) time.Duration {
	if s.cfg.Jitter <= 0 {
		return 0
	}
	return time.Duration(draw(s.cfg.Seed, n, k) * float64(s.cfg.Jitter))
}

// plan makes one receipt and puts it on the schedule.
func (s *Server) plan(a *account, m *smpp.SM, l *Line, r notice, n uint64, wait time.Duration, early bool) {
	if m.Registered&3 == 2 && r.stat == "DELIVRD" {
		return // only failures were asked for
	}
	at := wait + s.cfg.ReceiptDelay + r.after + s.jitter(n, 5)
	if early {
		at = 0
	}
	s.planned.Add(1)
	d := &delivery{id: l.ID, kind: r.stat, sm: receipt(l, m, r)}
	if s.cfg.DecimalReceipts {
		if id, err := strconv.ParseUint(l.ID, 16, 64); err == nil {
			d.sm.TLVs = nil
			d.sm.Short = bytes.Replace(d.sm.Short, []byte("id:"+l.ID), []byte("id:"+strconv.FormatUint(id, 10)), 1)
		}
	}
	s.schedule.after(at, n, func() { a.push(d) })
}

// receipt writes a receipt as Appendix B of SMPP 3.4 shows it, with the parameters beside it.
func receipt(l *Line, m *smpp.SM, r notice) smpp.SM {
	submitted := l.Time.UTC().Format("0601021504")
	count := "000"
	if r.stat == "DELIVRD" {
		count = "001"
	}
	start := []rune(l.Text)
	if len(start) > 20 {
		start = start[:20]
	}
	out := smpp.SM{
		Data: r.data, ESMClass: 0x04, Source: m.Dest, Dest: m.Source,
		TLVs: []smpp.TLV{
			{Tag: smpp.TagReceiptedMessageID, Value: append([]byte(l.ID), 0)},
			{Tag: smpp.TagMessageState, Value: []byte{stateNumber[r.stat]}},
		},
	}
	if l.UserRef != 0 {
		out.TLVs = append(out.TLVs, smpp.TLV{Tag: smpp.TagUserReference, Value: []byte{byte(l.UserRef >> 8), byte(l.UserRef)}})
	}
	if !r.data {
		words := fmt.Sprintf("id:%s sub:001 dlvrd:%s submit date:%s done date:%s stat:%s err:%s text:%s",
			l.ID, count, submitted, submitted, r.stat, r.err, plainASCII(string(start)))
		out.Short = []byte(words)
	}
	return out
}

// plainASCII keeps a receipt's quotation of the text to one octet a character.
func plainASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '$' || r == '@' || r == '_' || strings.ContainsRune("`[]{}\\^|~", r) {
			return '.'
		}
		return r
	}, s)
}

// stateNumber is message_state (SMPP 3.4 §5.2.28) for a word of a receipt.
var stateNumber = map[string]byte{
	"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8,
}

// senderOf remembers who used a sender, so that replies to it find their way.
func (s *Server) senderOf(sender string, a *account) {
	s.mu.Lock()
	if s.senders[sender] != a {
		s.senders[sender] = a
	}
	s.mu.Unlock()
}

// errNobody is for a text to a sender that nobody uses.
var errNobody = fmt.Errorf("nobody who is or was connected uses this sender")

// Say lets a person send a text: to a sender that was used here, or where only one client is
// known, to that one.
func (s *Server) Say(from, to, text string) error {
	s.mu.Lock()
	a := s.senders[strings.TrimPrefix(to, "+")]
	if a == nil && len(s.accounts) == 1 {
		for _, only := range s.accounts {
			a = only
		}
	}
	s.mu.Unlock()
	if a == nil {
		return errNobody
	}
	s.say(a, strings.TrimPrefix(from, "+"), strings.TrimPrefix(to, "+"), text)
	a.move()
	return nil
}

// say queues a person's text for an account.
func (s *Server) say(a *account, from, to, text string) {
	n := s.count.Add(1)
	parts, encoding, err := gsm.Split(text, byte(n))
	if err != nil {
		return
	}
	for i, part := range parts {
		sm := smpp.SM{
			Source: smpp.Address{TON: 1, NPI: 1, Digits: from}, Dest: smpp.Address{TON: 1, NPI: 1, Digits: to}, Short: part,
		}
		if len(parts) > 1 {
			sm.ESMClass = 0x40
		}
		if encoding == gsm.UCS2 {
			sm.Coding = 8
		}
		s.planned.Add(1)
		a.push(&delivery{sm: sm, id: fmt.Sprintf("text-%d-%d", n, i+1), kind: "text"})
	}
}
