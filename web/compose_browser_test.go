package web

import (
	"strings"
	"testing"
	"time"

	"tidings/internal/sms"
	"tidings/web/webtest"
)

// blackFriday is the message of the design: one curly apostrophe in it.
const blackFriday = "Hi {first_name|there}, Black Friday on the water: 30% off every crossing until Sunday. Don’t miss the boat - cabins are going fast! Book now: nordfare.no/black"

// newsletter fills the list as a customer with people in four countries would, some of them left out.
func (w *sendingSite) newsletter() {
	w.t.Helper()
	w.AddContacts(18_211)
	w.Credits(25_260 * sms.Credit)
	tenant := int64(w.Tenant.ID)
	w.Exec(`update lists set name = 'Newsletter, opted in' where tenant_id = $1`, tenant)
	w.Exec(`with x as (select id, row_number() over (order by number) as i from contacts where tenant_id = $1)
		update contacts c set country = case when x.i <= 12960 then 'FR' when x.i <= 16082 then 'DE' when x.i <= 17686 then 'GB' else 'NO' end,
			first_name = case when x.i % 441 = 0 then '' when x.i % 59 = 0 then 'Maximilian-Alexander' else (array['Ingrid','Jonas','Camille','Zoë','Anna','Hugo','Louis'])[1 + x.i % 7] end,
			last_name = (array['Solheim','Weber','Moreau','Clarke'])[1 + x.i % 4], fields = '{"city": "Bergen"}'
		from x where c.tenant_id = $1 and c.id = x.id`, tenant)
	w.Exec(`insert into suppressions(tenant_id, number_hash, kind, number, source) select tenant_id, number_hash,
			case when number % 7 = 0 then 'npai' else 'opted_out' end, number, 'STOP'
		from contacts where tenant_id = $1 and number % 450 = 0`, tenant)
}

func TestComposeInABrowser(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	w.Clock.Set(time.Date(2026, 11, 23, 10, 2, 0, 0, time.UTC))
	w.newsletter()
	tab := w.browse(b, w.Author)
	base := w.server.URL + w.base

	tab.Go(base + "/compose")
	tab.Fill("#text", blackFriday)
	tab.WaitText("#advice", "One curly apostrophe")
	tab.WaitText("#saved", "Saved at 11:02")
	if v := tab.Value("#text"); v != blackFriday {
		t.Errorf("the text became %q", v)
	}
	tab.Until("the odd character is marked", `document.querySelector('#text-copy mark.odd')?.textContent === '’'`)
	tab.WaitText("#say", "One curly apostrophe")
	tab.Look("composer")

	// Preview of real people.
	tab.WaitText("#place", "1 of ")
	tab.Click("[aria-label='Next recipient']")
	tab.WaitText("#place", "2 of ")
	tab.Click("[aria-label='Previous recipient']")
	tab.WaitText("#place", "1 of ")
	tab.Click("button[value='view:longest']")
	tab.Wait("button[value='view:longest'][aria-pressed=true]") // the first may be the longest: wait for the answer, not for a name
	tab.WaitText("#phone", "Maximilian-Alexander")
	tab.Fill("#text", strings.Replace(blackFriday, "|there", "", 1))
	tab.WaitText("#advice", "have no first name.")
	tab.Click("button[value='view:unfilled']")
	tab.WaitText("#phone", "Hi , Black Friday")
	tab.Look("composer-hole")

	// Holes first, then the apostrophe, each by one press.
	tab.Click("button[value='fix:unfilled']")
	tab.WaitText("#phone", "Hi there, Black Friday")
	tab.Click("button[value='fix:odd']")
	tab.Until("the text to be repaired", `document.querySelector('#text')?.value.includes("Don't miss")`)
	tab.WaitText("#parts", "standard SMS alphabet")
	tab.Look("composer-repaired")

	// Lists, sender, kind, name.
	tab.Click("#lists summary")
	tab.Click("#lists button[aria-label^=Remove]")
	tab.WaitText("#to-count", "Choose the list that receives it.")
	tab.Look("composer-nobody")
	tab.Click("button[form=compose][value=continue]")
	tab.WaitText("#errors", "Choose who receives it")
	tab.ForgetConsole() // Chrome notes the 422
	tab.Look("composer-mistakes")
	tab.Click("#lists summary")
	tab.Click("#lists .menu-body button")
	tab.WaitText("#to-count", "will get it.")
	tab.Click("input[name=kind][value=service]")
	tab.Until("the notice to go", `!document.querySelector('#text-tail')?.innerText.includes('STOP')`)
	tab.Click("input[name=kind][value=marketing]")
	tab.WaitText("#text-tail", "STOP 36180")

	// A field by its menu, at the caret; one that does not exist.
	tab.Fill("#text", "")
	tab.WaitText("#parts", "The counter starts")
	tab.Click(".write .menu summary")
	tab.Click(".write .menu button")
	tab.Until("the field in the text", `document.querySelector('#text').value === '{first_name|there}'`)
	tab.Fill("#text", "Hi {prenom}")
	tab.WaitText("#text-problem", "There is no field called prenom. Did you mean first_name?")
	tab.Look("composer-field")

	// Somebody else is faster: nothing typed is lost.
	d, err := w.App.Draft(t.Context(), w.Sender, w.campaign.ID, appView())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.App.SaveDraft(t.Context(), w.Sender, w.campaign.ID, draftForm(d, "Hi {first_name|you}, theirs")); err != nil {
		t.Fatal(err)
	}
	tab.Fill("#text", "Hi {first_name|you}, mine")
	tab.WaitText("#conflict", "Jonas Eide saved a newer version at 11:02.")
	tab.ForgetConsole() // Chrome notes the 409
	tab.Look("composer-conflict")
	tab.Click("button[value^='keep:']")
	tab.Until("mine to be kept", `!document.querySelector('#conflict') && document.querySelector('#text').value.endsWith('mine')`)
	tab.WaitText("#saved", "Saved at")

	// A save whose answer is lost, because more was typed: the page is in no conflict with itself.
	webtest.Eval[bool](tab, `(() => { const real = window.fetch; window.fetch = (to, how) => { window.fetch = real;
		real(to, {...how, signal: undefined}).then(() => { window.lost = true; });
		return new Promise((_, no) => how.signal.addEventListener('abort', () => no(new DOMException('', 'AbortError')))); }; return true; })()`)
	tab.Fill("#text", "Hi {first_name|you}, mine!")
	tab.Until("the first save to be done", `window.lost === true`)
	tab.Click("input[name=kind][value=service]")
	tab.Until("the second to be answered", `!document.querySelector('#text-tail')?.innerText.includes('STOP')`)
	tab.Click("input[name=kind][value=marketing]")
	tab.WaitText("#text-tail", "STOP 36180")
	if tab.Has("#conflict *") {
		t.Error(tab.Text("#conflict"))
	}

	// The name, and on to the test.
	tab.Click(".title .menu summary")
	tab.Fill("#name", "Black Friday, second try")
	tab.Click(".rename .btn")
	tab.WaitText("h1", "Black Friday, second try")
	tab.Click("button[form=compose][value=continue]")
	tab.WaitText("main", "Send a test")
	tab.NoConsole()
}
