package outward

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"tidings/internal/gateway"
)

// connectTimeout is how long a message may wait for a connection once it has its turn.
const connectTimeout = 15 * time.Second

// flight is one request under way. Until it has begun it can be called back, and then has
// certainly not been sent; after that only its answer or the response timer end it.
//
// "Begun" is when the first header goes into the connection's buffer, before any octet that could
// complete the request is on the wire. Calling back closes the connection; so a request that
// begins after RoundTrip has returned can never arrive whole.
type flight struct {
	cancel  context.CancelFunc
	timeout time.Duration

	mu    sync.Mutex
	begun bool
	late  bool   // the response timer ended it
	why   string // it was called back
	timer *time.Timer
}

func (f *flight) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.begun {
		f.begun = true
		f.timer = time.AfterFunc(f.timeout, f.expire)
	}
}

func (f *flight) expire() {
	f.mu.Lock()
	f.late = true
	f.mu.Unlock()
	f.cancel()
}

func (f *flight) callBack(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.begun && f.why == "" {
		f.why = why
		f.cancel()
	}
}

// end stops the timer and tells how it went.
func (f *flight) end() (begun, late bool, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
	}
	return f.begun, f.late, f.why
}

// exchange writes one request and judges what came back.
func (s *Sender) exchange(ctx context.Context, m *gateway.Outbound) Verdict {
	mine, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	f := &flight{cancel: cancel, timeout: s.cfg.Timeout}
	mine = httptrace.WithClientTrace(mine, &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { f.begin() }})

	req, err := s.cfg.Dialect.Request(mine, m, s.cfg.Now())
	if err != nil {
		return refused(gateway.Route, "encoding", "this message cannot be written as this route's request")
	}
	defer context.AfterFunc(ctx, func() { f.callBack("stopped") })()
	defer time.AfterFunc(connectTimeout, func() { f.callBack("not-connected") }).Stop()
	if !m.NotAfter.IsZero() {
		defer time.AfterFunc(m.NotAfter.Sub(s.cfg.Now()), func() { f.callBack("not-after") }).Stop()
	}
	began := time.Now()
	a, err := s.do(req)
	begun, late, why := f.end()
	switch {
	case err == nil:
		s.mu.Lock()
		s.took[gateway.Step(time.Since(began))]++
		s.mu.Unlock()
		return s.judge(m, a)
	case !begun:
		return s.unwritten(why, err)
	case late:
		return s.doubt("timeout", "the carrier did not answer in time")
	case errors.Is(err, errAnswer):
		return s.doubt("answer", "the carrier's answer is too long to be one")
	}
	return s.doubt("connection", "the connection broke before the answer was complete")
}

// do makes the request and reads the whole answer.
func (s *Sender) do(req *http.Request) (a Answer, err error) {
	// The library sends a request again by itself when it takes it for one that may be repeated
	// and can get its body again. It must never: this body can be had only once.
	if req.Body == nil || req.Body == http.NoBody {
		req.Body = io.NopCloser(bytes.NewReader(nil))
	}
	req.GetBody = nil
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		return a, err
	}
	defer func() { _ = resp.Body.Close() }() // all of it that counts has been read
	a.Status, a.Header = resp.StatusCode, resp.Header
	a.Body, err = io.ReadAll(resp.Body)
	return a, err
}

// Read makes a request that changes nothing at the carrier, beside the limits of messages.
func (s *Sender) Read(req *http.Request) (Answer, error) { return s.do(req) }

// unwritten is for a message of which certainly nothing left.
func (s *Sender) unwritten(why string, err error) Verdict {
	switch why {
	case "stopped":
		return stopped()
	case "not-after":
		return notSent("not-after", hoursEnded, 0)
	}
	detail := "no connection to the carrier"
	// The outer error names the whole address, which may hold a text or a password.
	var outer *url.Error
	if errors.As(err, &outer) && why == "" {
		detail += ": " + outer.Err.Error()
	}
	return notSent("not-connected", "no connection to the carrier", s.health.lost(detail))
}

// doubt is for a message that was written and has no answer to believe.
func (s *Sender) doubt(code, detail string) Verdict {
	s.health.doubted(detail)
	return Verdict{
		Outcome: gateway.Unknown, Code: code, Detail: detail,
		Parts: []gateway.Part{{N: 1, Outcome: gateway.Unknown, Code: code}},
	}
}

// judge says what a complete answer means. Where the status leaves it open whether the carrier
// sends, nothing in the body can settle it.
func (s *Sender) judge(m *gateway.Outbound, a Answer) Verdict {
	if !definite(a.Status) {
		return s.doubt(statusCode(a.Status), inDoubt)
	}
	v := s.cfg.Dialect.Answer(m, a)
	s.means(&v)
	if v.Outcome == gateway.Unknown {
		d := s.doubt(v.Code, v.Detail)
		if len(v.Parts) > 0 {
			d.Parts = v.Parts // some may have been taken: their receipts will come
		}
		return d
	}
	if !v.Fixed && (v.Class == gateway.Throttled || v.Class == gateway.Temporary) {
		v.RetryAfter = max(v.RetryAfter, retryAfter(a.Header, s.cfg.Now()), time.Second)
	}
	switch {
	case v.Credentials:
		s.health.turned(v.Detail)
	case v.Class == gateway.Throttled:
		s.health.good()
		pause := min(v.RetryAfter, time.Minute)
		if s.rate.Slow(time.Now(), pause) {
			s.health.slowed(pause)
		}
	default:
		s.health.good()
	}
	return v
}

// means lays over a refusal what the route says that its code means.
func (s *Sender) means(v *Verdict) {
	m, ok := s.cfg.Codes[v.Code]
	if !ok || v.Outcome != gateway.Refused {
		return
	}
	v.Outcome, v.Class, v.RetryAfter, v.Tries = m.Outcome, m.Class, m.After, m.Tries
	v.Fixed, v.Unlisted, v.Credentials = m.After > 0, false, false
	for i := range v.Parts {
		if p := &v.Parts[i]; p.Code == v.Code {
			p.Outcome, p.Class = m.Outcome, m.Class
		}
	}
}

// definite reports whether a status says for certain that the carrier has taken the message or
// has not, or that its words do. The exceptions below 500 come from a carrier, or something before
// it, that may be working on the request still.
func definite(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, 499:
		return false
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true // to be asked elsewhere: it was not taken here
	}
	return status >= 200 && status < 300 || status >= 400 && status < 500
}

const inDoubt = "the carrier answered with an error that does not say whether it sends"

func statusCode(status int) string { return "http:" + strconv.Itoa(status) }

// ByStatus is what a refusal means whose body says nothing that is known. A bare 409 may be of the
// same message that is under way.
func ByStatus(a Answer) Verdict {
	v := Verdict{Outcome: gateway.Refused, Code: statusCode(a.Status)}
	switch {
	case a.Status < 300:
		v.Outcome, v.Code, v.Detail = gateway.Unknown, "answer", "the carrier's answer cannot be understood"
	case a.Status < 400:
		v.Class, v.Detail = gateway.Route, "the carrier is at another address"
	case a.Status == http.StatusConflict:
		v.Outcome, v.Detail = gateway.Unknown, inDoubt
	case a.Status == http.StatusUnauthorized:
		v.Class, v.Detail, v.Credentials = gateway.Route, "the carrier does not accept the credentials", true
	case a.Status == http.StatusTooManyRequests:
		v.Class, v.Detail, v.RetryAfter = gateway.Throttled, "the carrier asks to send more slowly", time.Second
	case a.Status == http.StatusRequestEntityTooLarge, a.Status == http.StatusRequestURITooLong:
		v.Class, v.Detail = gateway.Content, "the carrier says the message is too long"
	case a.Status == http.StatusBadRequest, a.Status == http.StatusUnprocessableEntity:
		v.Class, v.Detail, v.RetryAfter = gateway.Temporary, "the carrier refused it with a code of its own", time.Minute
		v.Tries, v.Unlisted = 2, true
	default:
		v.Class, v.Detail = gateway.Route, "the carrier refuses this account or address"
	}
	return v
}

// retryAfter reads the Retry-After header: seconds or a date. 0 if there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return min(time.Duration(min(n, 3600))*time.Second, time.Hour)
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, min(t.Sub(now), time.Hour))
	}
	return 0
}
