package gatewaytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// Speech is how a carrier over HTTP speaks.
type Speech struct {
	// Read finds in a request whom it is for and from, the address for receipts, and the id that
	// the request gives the message, if it does.
	Read func(r *http.Request, body []byte) (to, from, hook, id string)
	// Accept answers a request that is taken.
	Accept func(w http.ResponseWriter, id string)
	// Refuse answers one that is not.
	Refuse func(w http.ResponseWriter, c gateway.Class)
	// Receipt makes the request that reports a state.
	Receipt func(hook, id, to, from string, s gateway.State) *http.Request
	// Text makes the request that brings a text which a person sent.
	Text func(hook, id, person, sender, text string) *http.Request
}

// Fake is a carrier over HTTP that does what docs/simulator.md says of the numbers.
type Fake struct {
	URL    string
	speech Speech
	server *httptest.Server

	mu   sync.Mutex
	seen map[string]int
	next int
	wg   sync.WaitGroup
	stop chan struct{}
}

// NewFake starts one for the time of a test.
func NewFake(t *testing.T, s Speech) *Fake {
	f := &Fake{speech: s, seen: map[string]int{}, stop: make(chan struct{})}
	f.server = httptest.NewServer(f)
	f.URL = f.server.URL
	t.Cleanup(func() {
		close(f.stop)
		f.Leave()
		f.wg.Wait()
	})
	return f
}

// Submits counts the whole requests for a number.
func (f *Fake) Submits(to string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[to]
}

// Leave closes the address.
func (f *Fake) Leave() {
	f.server.CloseClientConnections()
	f.server.Close()
}

// ServeHTTP takes one message.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	to, from, hook, id := f.speech.Read(r, body)
	f.mu.Lock()
	f.seen[to]++
	n := f.seen[to]
	f.next++
	if id == "" {
		id = "SM" + strconv.Itoa(f.next)
	}
	f.mu.Unlock()
	end := to[max(0, len(to)-4):]
	if c := f.refuses(end, n); c != 0 {
		f.speech.Refuse(w, c)
		return
	}
	switch end {
	case neverSays:
		select {
		case <-r.Context().Done():
		case <-f.stop:
		}
		return
	case cutsLost:
		panic(http.ErrAbortHandler)
	case cutsTaken:
		f.report(hook, id, to, from, gateway.Delivered)
		panic(http.ErrAbortHandler)
	case early:
		f.report(hook, id, to, from, gateway.Delivered)
		time.Sleep(300 * time.Millisecond)
		f.speech.Accept(w, id)
		return
	}
	f.speech.Accept(w, id)
	f.follow(end, hook, id, to, from)
}

// refuses says with which class a number is refused; n is how often it was asked.
func (f *Fake) refuses(end string, n int) gateway.Class {
	switch end {
	case badNumber:
		return gateway.Recipient
	case tryLater:
		return gateway.Temporary
	case badSender:
		return gateway.Route
	case badText:
		return gateway.Content
	case slowDown:
		if n == 1 {
			return gateway.Throttled
		}
	}
	return 0
}

// follow sends what comes after an answer.
func (f *Fake) follow(end, hook, id, to, from string) {
	switch end {
	case noReceipt:
	case undelivers:
		f.report(hook, id, to, from, gateway.Undelivered)
	case twice:
		f.report(hook, id, to, from, gateway.Delivered)
		f.report(hook, id, to, from, gateway.Delivered)
	case saysStop:
		f.report(hook, id, to, from, gateway.Delivered)
		f.post(func() *http.Request { return f.speech.Text(hook, "T"+id, to, from, "STOP") })
	default:
		f.report(hook, id, to, from, gateway.Delivered)
	}
}

func (f *Fake) report(hook, id, to, from string, s gateway.State) {
	f.post(func() *http.Request { return f.speech.Receipt(hook, id, to, from, s) })
}

// post makes a request again and again until it is taken.
func (f *Fake) post(request func() *http.Request) {
	f.wg.Go(func() {
		for {
			resp, err := http.DefaultTransport.RoundTrip(request())
			if err == nil {
				_ = resp.Body.Close() // nothing in it is of interest
				if resp.StatusCode < 300 {
					return
				}
			}
			select {
			case <-f.stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
}
