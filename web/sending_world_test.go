package web

import (
	"context"
	"crypto/sha256"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// sendingSite is a world behind its pages, with one campaign.
type sendingSite struct {
	*apptest.TheWorld
	t        *testing.T
	server   *httptest.Server
	campaign sms.Campaign
	base     string // address of the campaign
}

func newSendingSite(t *testing.T) *sendingSite {
	t.Helper()
	return newSendingSiteIn(t, apptest.World(t))
}

// ownSendingSite is one with a database of its own: for tests that change what all
// tenants share.
func ownSendingSite(t *testing.T) *sendingSite {
	t.Helper()
	return newSendingSiteIn(t, apptest.OwnWorld(t))
}

func newSendingSiteIn(t *testing.T, world *apptest.TheWorld) *sendingSite {
	t.Helper()
	w := &sendingSite{TheWorld: world, t: t}
	err := w.App.DB.InPlatform(t.Context(), func(p *postgres.PlatformTx) error {
		_, err := p.RegisterGateway(t.Context(), "simulator", "simulator")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(New(w.App, nil, slog.New(slog.DiscardHandler)).Handler())
	t.Cleanup(w.server.Close)
	w.campaign = sms.Campaign{
		ID: sms.NewID(w.Clock.Now()), Name: "Black Friday crossings", Kind: sms.Marketing, Sender: apptest.Sender,
		Text: "Hi {first_name|there}, Black Friday on the water: 30% off every crossing until Sunday. Cabins are going fast!", Lists: []sms.ID{w.List},
		CreatedAt: w.Clock.Now(), UpdatedAt: w.Clock.Now(), UpdatedBy: w.Owner.User,
	}
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error { return tx.AddCampaign(ctx, w.campaign) })
	w.base = "/a/" + w.Tenant.Slug + "/campaigns/" + w.campaign.ID.String()
	return w
}

// login signs somebody in and gives the value of the cookie.
func (w *sendingSite) login(who sms.Actor) string {
	w.t.Helper()
	return w.loginAt(who, w.Clock.Now())
}

// travel sets the clock while the sender's page is open. The login must be that
// late already: the page asks by itself, and would find that it has ended.
func (w *sendingSite) travel(to time.Time) {
	w.t.Helper()
	w.loginAt(w.Sender, to)
	w.Clock.Set(to)
}

func (w *sendingSite) loginAt(who sms.Actor, at time.Time) string {
	w.t.Helper()
	token := "test-" + who.User.String()
	hash := sha256.Sum256([]byte(token))
	w.Exec(`insert into logins(token_hash, user_id, created_at, seen_at, expires_at) values ($1, $2, $3::timestamptz, $3::timestamptz, $3::timestamptz + interval '400 days')
		on conflict (token_hash) do update set seen_at = excluded.seen_at, expires_at = excluded.expires_at`, hash[:], who.User.String(), at)
	return token
}

// answer is a page as it came.
type answer struct {
	status int
	to     string // of a redirect
	body   string
}

func (w *sendingSite) do(who sms.Actor, method, path string, form url.Values) answer {
	w.t.Helper()
	token := w.login(who)
	a, err := w.ask(token, method, path, form)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *sendingSite) ask(token, method, path string, form url.Values) (answer, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, w.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "sid", Value: token})
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header.Get("Location"), string(b)}, err
}

func (w *sendingSite) get(path string) answer { return w.do(w.Sender, "GET", path, nil) }

func (w *sendingSite) post(path string, form url.Values) answer {
	return w.do(w.Sender, "POST", path, form)
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	inputs = regexp.MustCompile(`<(?:input|button)[^>]*>`)
	attr   = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
	spaces = regexp.MustCompile(`\s+`)
)

// text is what the page says.
func (a answer) text() string {
	return spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(a.body, " ")), " ")
}

func (a answer) says(words string) bool {
	return strings.Contains(strings.NewReplacer(" .", ".", " ,", ",", " ?", "?", " :", ":").Replace(a.text()), words)
}

// fields are what a browser would send of the page: every input that is ticked or has a value.
func (a answer) fields() url.Values {
	out := url.Values{}
	for _, tag := range inputs.FindAllString(a.body, -1) {
		at := map[string]string{}
		for _, m := range attr.FindAllStringSubmatch(tag, -1) {
			at[m[1]] = html.UnescapeString(m[2])
		}
		if at["name"] == "" || strings.HasPrefix(tag, "<button") {
			continue
		}
		if (at["type"] == "radio" || at["type"] == "checkbox") && !strings.Contains(tag, " checked") {
			continue
		}
		v := at["value"]
		if v == "" && at["type"] == "checkbox" {
			v = "on"
		}
		out.Set(at["name"], v)
	}
	for _, m := range regexp.MustCompile(`(?s)<select[^>]*name="([^"]+)".*?</select>`).FindAllStringSubmatch(a.body, -1) {
		if c := regexp.MustCompile(`<option value="([^"]*)" selected`).FindStringSubmatch(m[0]); c != nil {
			out.Set(m[1], c[1])
		}
	}
	return out
}

func (w *sendingSite) sessions() (out []sms.Session) {
	w.t.Helper()
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) {
		out, err = tx.CampaignSessions(ctx, w.campaign.ID, sms.KindCampaign)
		return err
	})
	return out
}

// validated runs the checks of the newest session; with approve a moderator approves it.
func (w *sendingSite) validated(v sms.Verdict) sms.Session {
	w.t.Helper()
	s := w.sessions()[0]
	if err := w.App.RunValidateSession(w.t.Context(), app.ValidateSessionJob{Tenant: w.Tenant.ID, Session: s.ID}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.App.Decide(w.t.Context(), w.Moderator, s.ID, hexOf(s.ContentHash), v); err != nil {
		w.t.Fatal(err)
	}
	return w.sessions()[0]
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// submitAs chooses a mode and confirms it.
func (w *sendingSite) submitted(change func(url.Values)) {
	w.t.Helper()
	f := w.get(w.base + "/finalize").fields()
	if change != nil {
		change(f)
	}
	page := w.post(w.base+"/finalize", f)
	g := page.fields()
	g.Set("tick", "on")
	g.Set("typed", "1 000 000")
	if n := regexp.MustCompile(`(?:Send to|Schedule for) ([0-9,]+) pe`).FindStringSubmatch(page.text()); n != nil {
		g.Set("typed", n[1])
	}
	if a := w.post(w.base+"/confirm", g); a.status != http.StatusSeeOther {
		w.t.Fatalf("%d: %s", a.status, a.text())
	}
}

func (w *sendingSite) start() sms.Session {
	w.t.Helper()
	s := w.sessions()[0]
	if err := w.App.RunStartSession(w.t.Context(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID}); err != nil {
		w.t.Fatal(err)
	}
	return w.sessions()[0]
}

func now(f url.Values) { f.Set("when", "now") }

func onTheDay(at time.Time) func(url.Values) {
	return func(f url.Values) {
		local := sms.In(at, "Europe/Paris")
		f.Set("when", "scheduled")
		f.Set("date", local.Format(time.DateOnly))
		f.Set("time", local.Format("15:04"))
	}
}
