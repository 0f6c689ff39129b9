// Package webtest drives a real browser in tests: it visits pages, looks for accessibility mistakes and console
// messages, and takes pictures.
//
//	b := webtest.Open(t)
//	if b == nil {
//		return // no Chrome here: said in the log; with E2E=required the test has failed
//	}
//	tab := b.Tab(t)
//	tab.Go(server.URL + "/sign-in")
//	tab.Fill("#email", "maren@nordfare.no")
//	tab.Click("button[type=submit]")
//	tab.Wait("h1")
//	tab.Look("campaigns")
package webtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Browser is one running Chrome. Its tabs do not share cookies.
type Browser struct {
	ctx context.Context
}

// Open starts Chrome for one test. Without Chrome it says in the log that the test did not run and gives nil;
// with E2E=required in the environment that is a failure.
func Open(t testing.TB) *Browser {
	t.Helper()
	path := chrome()
	if path == "" {
		if os.Getenv("E2E") == "required" {
			t.Fatal("not run: no Chromium or Chrome found (E2E=required); set CHROME_BIN or install chromium")
		}
		t.Log("not run: no Chromium or Chrome found; set CHROME_BIN or install chromium")
		return nil
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "en-GB"),
	)
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chrome's sandbox refuses root
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{ctx}
}

// chrome finds a browser: CHROME_BIN, then the usual names and places.
func chrome() string {
	if p := os.Getenv("CHROME_BIN"); p != "" {
		return p
	}
	for _, name := range []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
	} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

// Tab is a page in a browser, as one person uses it. Its methods end the test when they fail.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	messages []string

	wide, tall int64
	theme      string
}

// patience is how long a tab waits for something to appear.
const patience = time.Minute

// Tab opens a page with cookies of its own, 1440 by 900, light.
func (b *Browser) Tab(t testing.TB) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			tab.mu.Lock()
			tab.messages = append(tab.messages, string(m.Type)+": "+m.Text+" "+m.URL)
			tab.mu.Unlock()
		}
	}()
	tab.Size(1440, 900)
	tab.Theme("light")
	return tab
}

// do runs steps or ends the test.
func (p *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v (at %s)", what, err, p.URL())
	}
}

// Eval runs a JavaScript expression in the page and gives its value; promises are awaited.
func Eval[T any](p *Tab, js string) T {
	p.t.Helper()
	v, err := eval[T](p, js)
	if err != nil {
		p.t.Fatalf("eval %.80s: %v", js, err)
	}
	return v
}

func eval[T any](p *Tab, js string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// Size sets the viewport; below 600 px it is a phone with touch.
func (p *Tab) Size(w, h int64) {
	p.t.Helper()
	p.wide, p.tall = w, h
	var opts []chromedp.EmulateViewportOption
	if w < 600 {
		opts = append(opts, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.do("size", chromedp.EmulateViewport(w, h, opts...))
	p.Until("the window to have its size", fmt.Sprintf("matchMedia('(width: %dpx)').matches", w))
}

// Theme is what the system asks for: "light" or "dark". Motion is off, so that pictures are the same each time.
func (p *Tab) Theme(theme string) {
	p.t.Helper()
	p.theme = theme
	p.do("theme", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: theme},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return chromedp.Void{}, err
	})
}

// Go visits an address.
func (p *Tab) Go(url string) {
	p.t.Helper()
	p.do("go to "+url, chromedp.Navigate(url))
}

// URL is the address of the page.
func (p *Tab) URL() string {
	s, _ := eval[string](p, "location.href") // a page that is gone has no address
	return s
}

// Click presses the first element that matches the CSS selector, once it stands still and nothing lies over it: on a
// busy machine the page may still be moving where a person would see it and wait. A press that went beside it, because
// the page moved after all, is made again.
func (p *Tab) Click(css string) {
	p.t.Helper()
	for range 5 {
		if p.press(css); p.pressed() {
			return
		}
	}
	p.t.Fatalf("%s moved away from five clicks (at %s)", css, p.URL())
}

func (p *Tab) press(css string) {
	p.t.Helper()
	p.Until(css+" to be free", `new Promise(done => { const e = document.querySelector(`+quote(css)+`);
		if (!e) return done(false);
		e.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'});
		const a = e.getBoundingClientRect();
		requestAnimationFrame(() => requestAnimationFrame(() => { const b = e.getBoundingClientRect();
			const top = document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2), label = top?.closest('label');
			const free = e.isConnected && a.top === b.top && a.left === b.left && (e.contains(top) || label?.control === e);
			if (free) { window.pressed = false; document.addEventListener('click', c => { window.pressed = !!c.target.closest(`+quote(css)+`) || c.target.closest('label')?.control === e || c.target === e; }, {capture: true, once: true}); }
			done(free); })); })`)
	p.do("click "+css, chromedp.Click(chromedp.CSS(css)))
}

// pressed says whether the last press met its element. A page that is gone was left by it.
func (p *Tab) pressed() bool {
	met, err := eval[bool](p, "window.pressed !== false")
	return met || err != nil
}

// Fill replaces what a field holds, key by key, as a person does.
func (p *Tab) Fill(css, text string) {
	p.t.Helper()
	p.Wait(css)
	Eval[bool](p, "(()=>{const f=document.querySelector("+quote(css)+");f.focus();f.select?.();return true})()")
	if text == "" {
		text = "\b"
	}
	p.do("fill "+css, chromedp.SendKeys(chromedp.CSS(css), text))
}

// Set gives a field a value at once, for dates, times and selects, and tells the page that it changed.
func (p *Tab) Set(css, value string) {
	p.t.Helper()
	p.Wait(css)
	Eval[bool](p, "(()=>{const f=document.querySelector("+quote(css)+");f.value="+quote(value)+
		";f.dispatchEvent(new Event('input',{bubbles:true}));f.dispatchEvent(new Event('change',{bubbles:true}));return true})()")
}

// Upload gives a file input a file of this machine.
func (p *Tab) Upload(css, path string) {
	p.t.Helper()
	p.do("upload "+path, chromedp.SetUploadFiles(chromedp.CSS(css), []string{path}))
}

// Has says whether an element is there now.
func (p *Tab) Has(css string) bool {
	p.t.Helper()
	return Eval[bool](p, "!!document.querySelector("+quote(css)+")")
}

// Text is what an element shows, with runs of space as one.
func (p *Tab) Text(css string) string {
	p.t.Helper()
	p.Wait(css)
	return strings.Join(strings.Fields(Eval[string](p, "document.querySelector("+quote(css)+").innerText")), " ")
}

// Value is what a field holds.
func (p *Tab) Value(css string) string {
	p.t.Helper()
	p.Wait(css)
	return Eval[string](p, "document.querySelector("+quote(css)+").value")
}

// Wait waits until an element is there, across navigations.
func (p *Tab) Wait(css string) {
	p.t.Helper()
	p.Until(css+" to appear", "!!document.querySelector("+quote(css)+")")
}

// WaitText waits until an element shows a text.
func (p *Tab) WaitText(css, text string) {
	p.t.Helper()
	p.Until(quote(text)+" in "+css, "(document.querySelector("+quote(css)+")?.innerText||'').replace(/\\s+/g,' ').includes("+quote(text)+")")
}

// Until waits until a JavaScript expression is true; what says it in words.
func (p *Tab) Until(what, js string) {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(40 * time.Millisecond) {
		ok, err := eval[bool](p, js)
		if err == nil && ok {
			return
		}
		if time.Now().After(end) {
			shown, _ := eval[string](p, "document.querySelector('main')?.innerText?.slice(0,1500) ?? ''")
			p.t.Fatalf("waited %v for %s (at %s, last error %v); the page says:\n%s", patience, what, p.URL(), err, shown)
		}
	}
}

// Reload asks for the page again.
func (p *Tab) Reload() {
	p.t.Helper()
	p.Go(p.URL())
}

// Keys types at wherever the focus is; kb.Enter and its kin are in chromedp's package kb.
func (p *Tab) Keys(keys string) {
	p.t.Helper()
	p.do("keys", chromedp.KeyEvent(keys))
}
