package webtest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}

// Look examines the page as it stands in both themes and at 1440, 390 and 320 px: accessibility, sideways scroll,
// console messages, and a picture of each but the narrowest if SHOTS names a folder. It ends at the size and
// theme it began with.
func (p *Tab) Look(name string) {
	p.t.Helper()
	w, h, theme := p.wide, p.tall, p.theme
	for _, t := range []string{"light", "dark"} {
		p.Theme(t)
		p.Size(1440, 900)
		p.Axe()
		p.Shot(name)
		p.NoSideScroll()
		p.Size(390, 844)
		p.Axe()
		p.NoSideScroll()
		p.Shot(name)
	}
	p.Size(320, 640)
	p.NoSideScroll()
	p.Size(w, h)
	p.Theme(theme)
	p.NoConsole()
}

// Axe fails the test for each breach of WCAG 2.2 A and AA, or of axe's best practices.
func (p *Tab) Axe() {
	p.t.Helper()
	if !Eval[bool](p, "!!window.axe") {
		if _, err := eval[chromedp.Void](p, axe+";0"); err != nil {
			p.t.Fatalf("load axe: %v", err)
		}
	}
	const run = `axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})
		.then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ' ' + n.html.slice(0, 160) + ' ' + (n.any[0]?.message || n.all[0]?.message || n.none[0]?.message || v.help))))`
	for _, v := range Eval[[]string](p, run) {
		p.t.Errorf("axe at %d px, %s, %s: %s", p.wide, p.theme, p.URL(), v)
	}
}

// NoSideScroll fails the test if the page is wider than the window or something is cut off at the sheet's edge,
// and names what sticks out.
func (p *Tab) NoSideScroll() {
	p.t.Helper()
	const js = `(() => { const w = document.documentElement.clientWidth, sheet = document.querySelector('main');
		const edge = Math.min(w, sheet ? sheet.getBoundingClientRect().right : w) + 1;
		const out = [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > edge && e.getBoundingClientRect().width > 1 && !e.closest('.scroll, .tabs, svg svg, .vh'))
			.slice(0, 5).map(e => e.tagName + '.' + (e.className.baseVal ?? e.className) + ' ends at ' + Math.round(e.getBoundingClientRect().right) + ' of ' + Math.round(edge));
		const page = document.documentElement.scrollWidth;
		return page > w ? out.concat('page ' + page + ' of ' + w) : out; })()`
	for _, s := range Eval[[]string](p, js) {
		p.t.Errorf("sideways at %d px, %s: %s", p.wide, p.URL(), s)
	}
}

// NoConsole fails the test for every message in the console since the last call, refusals by the content security
// policy among them.
func (p *Tab) NoConsole() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.messages {
		if strings.Contains(m, "Autofocus processing was blocked") {
			continue // whoever was here had put the focus somewhere before Chrome could: no fault of the page
		}
		p.t.Errorf("console at %s: %s", p.URL(), strings.TrimSpace(m))
	}
	p.messages = nil
}

// ForgetConsole drops the messages so far, where an error page was asked for on purpose.
func (p *Tab) ForgetConsole() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.messages = nil
}

// Shot writes a picture of the whole page into the folder SHOTS, if it is set: name-1440-light.png.
// The window is made as tall as the page first, so that bars fixed to its edges stay at the edges.
func (p *Tab) Shot(name string) {
	p.t.Helper()
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	w, h := p.wide, p.tall
	tall := Eval[int64](p, "(scrollTo(0, 0), document.documentElement.scrollHeight)")
	p.Size(w, max(h, tall))
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.Size(w, h)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, p.wide, p.theme)), png, 0o644)
	}
	if err != nil {
		p.t.Errorf("picture %s: %v", name, err)
	}
}
