package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"tidings/web"
	"tidings/web/static"
	"tidings/web/view"
	"tidings/web/webtest"
)

// desk is a small site that uses every behaviour of app.js, behind the real middleware and the real server.
type desk struct {
	url   string
	posts atomic.Int64
	wake  chan struct{}
	count atomic.Int64
	open  chan struct{} // closed: the slow form answers
	stop  func()        // ends the server and waits for it
}

func html(s string) templ.Component { return templ.Raw(s) }

func children(ctx context.Context, page func() templ.Component, inner ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(c context.Context, w io.Writer) error {
		return page().Render(templ.WithChildren(c, templ.Join(inner...)), w)
	})
}

func (d *desk) page(w http.ResponseWriter, r *http.Request) error {
	props := web.Page(w, r, "Desk", view.CustomerShell("nordfare", "campaigns", view.Person{Name: "Maren Lund", Sub: "Nordfare"}, nil))
	return web.Show(w, r, 200, children(r.Context(), func() templ.Component { return view.Page(props) },
		html(`<h1>Desk</h1><form id="slow" method="post" action="/slow"><button class="btn send" type="submit">Send to 2 people</button></form>`),
		html(`<form id="hx" hx-post="/check" hx-target="#answer"><label class="label" for="n">Name</label><input class="input" id="n" name="n"><button class="btn line" type="submit" id="hx-go">Check</button></form><div id="answer"></div>`),
		html(`<button class="btn line" id="boom" type="button" hx-post="/boom">Boom</button> <button class="btn line" id="gone" type="button" hx-post="/gone">Gone</button>`),
		view.Combobox(view.ComboProps{ID: "zone", Name: "zone", Label: "Time zone", Value: "Europe/Oslo", Text: "Oslo", Search: "/zones"}),
		view.WriteSheet(view.WriteProps{ID: "text", Name: "text", Label: "Message", Message: []view.Token{{Text: "Hi "}, {Kind: view.Odd, Text: "’"}}, Fields: []view.Insert{{Label: "First name", Text: "{first_name}"}}}),
		html(`<a class="btn stop" href="/cancel" data-dialog="sure" id="ask">Cancel</a>`),
		view.Dialog("sure", "Cancel 4 messages?"),
		html(`<div id="live" hx-sse:connect="/events" hx-sse:close="done" hx-swap="innerMorph"></div>`),
		view.Updated("Updated just now"),
		html(`<div data-keys><button type="button" class="btn line" data-key="a" id="key-a" hx-post="/check" hx-target="#answer">A</button></div>`),
	))
}

func newDesk(t *testing.T) *desk {
	d := &desk{wake: make(chan struct{}, 1), open: make(chan struct{})}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	f := &web.Faults{Log: log}
	r := chi.NewRouter()
	r.Handle(static.Prefix+"*", static.Handler())
	r.Get("/", f.Handle(d.page))
	r.Post("/theme", f.Handle(web.SetTheme))
	r.Post("/slow", f.Handle(func(w http.ResponseWriter, r *http.Request) error {
		d.posts.Add(1)
		<-d.open
		web.SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Sent to 2 people."})
		return web.Redirect(w, r, "/")
	}))
	r.Post("/check", f.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return web.Show(w, r, 422, view.ErrorSummary([]view.Problem{{Field: "n", Text: "Enter a name"}}))
	}))
	r.Post("/boom", f.Handle(func(http.ResponseWriter, *http.Request) error { return errors.New("boom") }))
	r.Post("/gone", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	r.Get("/zones", f.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return web.Show(w, r, 200, view.ComboOptions("zone", []view.ComboOption{{Value: "Europe/Oslo", Label: "Oslo", Sub: "UTC+1"}, {Value: "Europe/Paris", Label: "Paris", Sub: "UTC+1"}}))
	}))
	r.Get("/events", f.Handle(func(w http.ResponseWriter, r *http.Request) error {
		e, err := web.Stream(w, r)
		if err != nil {
			return err
		}
		return e.Follow(d.wake, func(context.Context) (templ.Component, bool, error) {
			n := d.count.Load()
			part := fmt.Sprintf(`<p id="figure" data-title="%d%% · Desk" data-say="%d percent final">%d</p>`, n, n, n)
			return html(part), n == 100, nil
		})
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, web.Stack(f, false, r), log) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("server: %v", err)
		}
	})
	t.Cleanup(d.stop)
	d.url = "http://" + l.Addr().String()
	return d
}

func (d *desk) show(n int64) {
	d.count.Store(n)
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// TestScript presses everything that app.js makes quicker.
func TestScript(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	d := newDesk(t)
	tab := b.Tab(t)
	tab.Go(d.url + "/")

	// D30: live figures come without a reload; the title and the status region follow.
	tab.WaitText("#figure", "0")
	d.show(63)
	tab.WaitText("#figure", "63")
	tab.Until("the title to follow", "document.title === '63% · Desk · Tidings'")
	tab.Until("it to be said", "document.querySelector('#say').textContent === '63 percent final'")

	// The theme is kept without a reload.
	tab.Click("details.who-menu summary")
	tab.Click("details.who-menu button[value=dark]")
	tab.Until("dark", "document.documentElement.dataset.theme === 'dark' && document.cookie.includes('theme=dark')")
	tab.Click("h1")
	tab.Until("the menu to close", "!document.querySelector('details.who-menu').open")

	// 422 shows the mistakes and moves focus there.
	tab.Click("#hx-go")
	tab.Until("focus in the summary", "document.activeElement.id === 'errors'")
	tab.Until("the button to be free again", "!document.querySelector('#hx-go').hasAttribute('aria-busy')")

	// A fault, and no answer at all, leave the page and say so at its top.
	tab.Click("#boom")
	tab.WaitText("#flash", "Something broke on our side.")
	tab.Click("#gone")
	tab.WaitText("#flash", "The server did not answer.")
	tab.ForgetConsole() // the browser itself reports the statuses asked for above

	// The combobox by keyboard.
	tab.Fill("#zone", "par")
	tab.Until("answers", "document.querySelectorAll('#zone-list [role=option]').length === 2 && !document.querySelector('#zone-list').hidden")
	webtest.Eval[bool](tab, `(()=>{const z=document.querySelector('#zone');for(const key of ['ArrowDown','ArrowDown','Enter'])z.dispatchEvent(new KeyboardEvent('keydown',{key,bubbles:true,cancelable:true}));return true})()`)
	if got := tab.Value("[data-combo-value]"); got != "Europe/Paris" {
		t.Errorf("zone %q", got)
	}

	// A field goes in at the caret, and the coloured copy keeps up with every key.
	tab.Click(".write summary")
	tab.Click("[data-insert]")
	if got := tab.Value("#text"); !strings.Contains(got, "{first_name}") {
		t.Errorf("text %q", got)
	}
	tab.Until("the copy to show a field and the odd character", "document.querySelector('#text-copy .tok')?.textContent === '{first_name}' && document.querySelector('#text-copy mark.odd')?.textContent === '’'")
	grown := "document.querySelector('#text').scrollHeight <= document.querySelector('#text').clientHeight + 1"
	webtest.Eval[bool](tab, `(()=>{const a=document.querySelector('#text');a.value='line\n'.repeat(30);a.dispatchEvent(new Event('input',{bubbles:true}));return true})()`)
	tab.Until("the sheet to grow", grown)

	// Shortcuts do nothing while typing, and something otherwise.
	tab.Click("#ask")
	tab.Until("the dialog", "document.querySelector('#sure').open")
	tab.Click("#sure button")
	webtest.Eval[bool](tab, `(()=>{document.querySelector('#answer').replaceChildren();const k=(el)=>el.dispatchEvent(new KeyboardEvent('keydown',{key:'a',bubbles:true}));k(document.querySelector('#n'));const early=!document.querySelector('#errors');k(document.body);return early})()`)
	tab.Wait("#errors")
	tab.ForgetConsole()

	// D2: a double click sends once, and shows that it is under way.
	if !webtest.Eval[bool](tab, `(()=>{const b=document.querySelector('#slow button');b.click();const busy=b.getAttribute('aria-busy')==='true';b.click();b.form.requestSubmit();return busy})()`) {
		t.Error("no mark of being under way")
	}
	close(d.open)
	tab.WaitText("#flash", "Sent to 2 people.")
	if n := d.posts.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}

	// Ten seconds of silence are a lost connection, said in words; the next beat of the server ends it.
	tab.WaitText("#figure", "63")
	webtest.Eval[bool](tab, `(()=>{const now=Date.now;Date.now=()=>now()+11000;return true})()`)
	tab.WaitText("[data-updated]", "Connection lost. Figures from")
	tab.Until("the connection to be back", "!document.querySelector('[data-updated]').classList.contains('lost')")

	// The last event ends the stream.
	d.show(100)
	tab.WaitText("#figure", "100")
	tab.NoConsole()
}

// An open stream ends in order when the server stops, instead of being cut off at the end of its patience.
func TestStreamEndsWithTheServer(t *testing.T) {
	d := newDesk(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type") + res.Header.Get("X-Accel-Buffering") + res.Header.Get("Content-Encoding"); got != "text/event-streamno" {
		t.Errorf("headers %v", res.Header)
	}
	first := make([]byte, 1)
	if _, err := res.Body.Read(first); err != nil {
		t.Fatal(err)
	}
	d.stop()
	rest, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(rest), "data: <p") {
		t.Errorf("the stream was cut off: %v, after %q", err, rest)
	}
}
