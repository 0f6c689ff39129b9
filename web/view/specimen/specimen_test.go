package specimen

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/a-h/templ"

	"tidings/web"
	"tidings/web/static"
	"tidings/web/view"
	"tidings/web/webtest"
)

var pages = map[string]func(string) templ.Component{
	"composer": Compose, "finalize": Finalize, "live": Live, "review": Review, "credits": Credits,
	"states": States, "sign-in": SignIn, "more": MorePage, "fault": FaultPage,
}

func serve(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("/zones", func(w http.ResponseWriter, r *http.Request) {
		_ = view.ComboOptions("zone", []view.ComboOption{{Value: "Europe/Paris", Label: "Paris", Sub: "UTC+1"}, {Value: "Europe/Oslo", Label: "Oslo", Sub: "UTC+1"}}).Render(r.Context(), w)
	})
	for name, page := range pages {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if err := page(r.URL.Query().Get("theme")).Render(r.Context(), w); err != nil {
				t.Error(err)
			}
		})
	}
	s := httptest.NewServer(web.SecurityHeaders(mux))
	t.Cleanup(s.Close)
	return s
}

// TestSpecimens draws every component in both themes and three widths, and looks for accessibility mistakes,
// console messages under the content security policy, and sideways scroll. With SHOTS=dir it keeps the pictures.
func TestSpecimens(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	s := serve(t)
	tab := b.Tab(t)
	for name := range pages {
		tab.Go(s.URL + "/" + name)
		tab.Look(name)
	}
}

// TestOpened looks at what is hidden until it is asked for: menus, the list of a combobox, a dialog.
func TestOpened(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	s := serve(t)
	tab := b.Tab(t)
	look := func(name string) {
		t.Helper()
		for _, theme := range []string{"dark", "light"} {
			tab.Theme(theme)
			tab.Axe()
			tab.Shot(name)
		}
		tab.NoConsole()
	}
	tab.Go(s.URL + "/composer")
	tab.Click(".who-menu summary")
	look("open-person")
	tab.Click(".write .menu summary")
	look("open-field")
	tab.Go(s.URL + "/finalize")
	tab.Click("#zone")
	tab.Until("the cities", "!document.querySelector('#zone-list').hidden")
	look("open-zone")
	tab.Go(s.URL + "/live")
	tab.Click("[data-dialog]")
	tab.Until("the dialog", "document.querySelector('dialog').open")
	look("open-dialog")
	for _, width := range []int64{1100, 900, 700} {
		tab.Size(width, 900)
		for _, name := range []string{"composer", "finalize", "live", "review", "credits"} {
			tab.Go(s.URL + "/" + name)
			tab.NoSideScroll()
			tab.Shot("mid-" + name)
		}
	}
}
