package web

import (
	"context"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/web/webtest"
)

// notPages are the GET addresses that are no page: streams, files, parts of a page, and those that lead to one. A
// question that is asked only of a half-sent sending (/resend) is looked at in TestAfterAHalfSentSendingInABrowser.
var notPages = regexp.MustCompile(`(/events|/rejects|\.csv|/zones|/test/sent|/confirm|/resend|/settings|/accounts|/staff/tenants/\{tenant\}|/import/\{import\}|^/)$`)

// campaignFor says which campaign an address below a campaign is about: by its last word, else the one that is sent.
var campaignFor = map[string]string{"compose": "draft", "test": "draft", "finalize": "draft", "delete": "draft", "move": "scheduled"}

// TestEveryPageInABrowser visits every page of the table of routes, with data in it, as somebody who may: no breach of
// WCAG 2.2 A and AA in light or dark, nothing in the console, nothing sideways at 320 px. With SHOTS it takes pictures.
func TestEveryPageInABrowser(t *testing.T) { // D42
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	w.Clock.Set(time.Date(2026, 11, 24, 9, 31, 0, 0, time.UTC))
	values, campaigns := w.furnish()
	owner, moderator, admin := w.browse(b, w.Owner), w.browse(b, w.Moderator), w.browse(b, w.Admin)
	seen := 0
	for _, x := range New(w.App, nil, nil).routes() {
		if x.method != "GET" || notPages.MatchString(x.path) {
			continue
		}
		tab := owner
		switch {
		case x.access.staff && x.access.right == sms.RightAdmin:
			tab = admin
		case x.access.staff:
			tab = moderator
		}
		last := x.path[strings.LastIndex(x.path, "/")+1:]
		values["campaign"] = campaigns[campaignFor[last]]
		path := regexp.MustCompile(`\{(\w+)\}`).ReplaceAllStringFunc(x.path, func(v string) string {
			if values[v[1:len(v)-1]] == "" {
				t.Errorf("%s: no value for %s", x.path, v)
			}
			return values[v[1:len(v)-1]]
		})
		if x.path == "/sign-in" {
			tab = b.Tab(t)
		}
		query := ""
		if last == "remove" {
			query = "?list=" + values["list"]
		}
		tab.Go(w.server.URL + path + query)
		if status := webtest.Eval[int](tab, `performance.getEntriesByType("navigation")[0].responseStatus`); status != 200 {
			t.Errorf("%s answers %d", path, status)
			tab.ForgetConsole()
			continue
		}
		if got := webtest.Eval[string](tab, "location.pathname"); got != path {
			t.Errorf("%s leads to %s: name it in notPages, or give it data", path, got)
		}
		glance(tab, strings.Trim(strings.NewReplacer("/a/{slug}", "account", "{", "", "}", "", "/", "-").Replace(x.path), "-"))
		seen++
	}
	if seen < 35 {
		t.Errorf("only %d pages were seen", seen)
	}
}

// glance is a lean Look: the large screen in light, the smallest in dark, where most goes wrong.
func glance(tab *webtest.Tab, name string) {
	tab.Axe()
	tab.Shot(name)
	tab.NoSideScroll()
	tab.Theme("dark")
	tab.Shot(name)
	tab.Size(390, 844)
	tab.Shot(name)
	tab.Size(320, 640)
	webtest.Eval[bool](tab, "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))") // the page has heard of its size
	tab.Axe()
	tab.NoSideScroll()
	tab.Theme("light")
	tab.Size(390, 844)
	tab.Shot(name)
	tab.Size(1440, 900)
	tab.NoConsole()
}

// furnish gives every page something to show: a campaign in each of four states, an ask for credits, a proposal, an
// import, somebody who was excluded. It returns what stands in the addresses, and the campaigns by what they are for.
func (w *sendingSite) furnish() (values, campaigns map[string]string) {
	w.t.Helper()
	w.AddContacts(37)
	w.Credits(400 * sms.Credit)
	campaigns = map[string]string{"": w.campaign.ID.String()}
	w.submitted(now)
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	w.start()

	campaigns["scheduled"] = w.next("Winter timetable")
	w.submitted(onTheDay(time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)))
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})

	w.next("Autumn offer") // refused once, then changed: the reviewer sees what changed
	w.submitted(now)
	w.validated(sms.Verdict{Decision: "refuse", Reasons: []string{"M02"}, Instruction: "Link to your own site."})
	w.Exec(`update campaigns set text = 'Hi {first_name|there}, 20% off in autumn, at nordfare.example' where tenant_id = $1 and id = $2`, int64(w.Tenant.ID), w.campaign.ID.String())
	w.submitted(now)
	review := w.sessions()[0]
	if err := w.App.RunValidateSession(w.t.Context(), app.ValidateSessionJob{Tenant: w.Tenant.ID, Session: review.ID}); err != nil {
		w.t.Fatal(err)
	}
	campaigns["draft"] = w.next("Spring ideas")

	ask := sms.ReloadAsk{Amount: "50000", Reference: "PO 2026-1187", Note: "Same terms as last time", Token: "ask-" + w.Tenant.Slug}
	if _, err := w.App.AskReload(w.t.Context(), w.Owner, ask); err != nil {
		w.t.Fatal(err)
	}
	route := routeValues("orange-"+w.Tenant.Slug[len("nordfare-"):], "127.0.0.1:1")
	route.Set("do", "off")
	if a := w.do(w.Admin, "POST", "/staff/gateways/new", route); a.to == "" {
		w.t.Fatal(tags.ReplaceAllString(a.body, ""))
	}
	a := w.upload(w.Owner, w.importForm(w.Owner), "winter.csv", strings.NewReader(winter))
	return map[string]string{
		"slug": w.Tenant.Slug, "tenant": w.Tenant.Slug, "session": strings.TrimPrefix(reviewPath(review.ID), "/staff/reviews/"), "list": w.List.String(), "person": w.personOf().ID.String(),
		"gateway": route.Get("name"), "number": w.answered(),
		"import": strings.Split(strings.TrimSuffix(a.to, "/columns"), "/import/")[1],
	}, campaigns
}

// answered has people answer, one of them STOP; it returns the number that is left out since, as addresses name it.
func (w *sendingSite) answered() string {
	w.t.Helper()
	c := w.personOf()
	for text, reading := range map[string]sms.Reading{
		"STOP merci": sms.ReadingStop, "Is this the bus stop at the harbour? I will stop by tomorrow": sms.ReadingDoubtful, "Wrong number, and who are you anyway?": sms.ReadingDoubtful, "👍 see you on board": sms.ReadingOther,
	} {
		w.Exec(`with i as (insert into inbound(gateway_id, number, recipient, text, handled_at) select id, $2, '36180', $4, now() from gateways limit 1 returning id)
			insert into replies(tenant_id, inbound_id, number, number_hash, session_id, text, reading, received_at)
			select $1, i.id, $2, $3, (select max(id) from sessions where tenant_id = $1), $4, $5, $6 from i`, int64(w.Tenant.ID), c.Number, c.Hash, text, string(reading), w.Clock.Now())
	}
	gone := w.App.NumberHash(w.Tenant.ID, 33698000001)
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.AddSuppression(ctx, sms.Suppression{Hash: gone, Kind: sms.SuppressionOptedOut, Number: 33698000001, Source: "Answered STOP"})
		return err
	})
	w.Exec(`update suppressions set session_id = (select max(id) from sessions where tenant_id = $1) where tenant_id = $1`, int64(w.Tenant.ID))
	return hex.EncodeToString(gone)
}

// next makes another campaign the one that the helpers act on.
func (w *sendingSite) next(name string) string {
	w.t.Helper()
	w.campaign.ID, w.campaign.Name = sms.NewID(w.Clock.Now()), name
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error { return tx.AddCampaign(ctx, w.campaign) })
	w.base = "/a/" + w.Tenant.Slug + "/campaigns/" + w.campaign.ID.String()
	return w.campaign.ID.String()
}
