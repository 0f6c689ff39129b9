package web

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
	"tidings/internal/sms/table"
	"tidings/web/view"
)

// before is the last entry of the page before, from the address.
func before(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // anything else: the newest
	return max(n, 0)
}

// credits is what an account has, will need, and how it came to that.
func (s *Server) credits(w http.ResponseWriter, r *http.Request) error {
	l, err := s.App.Ledger(r.Context(), actor(r), before(r))
	if err != nil {
		return err
	}
	path := accountPath(r) + "/credits"
	p := view.LedgerProps{
		Ledger: l, Path: path, Campaigns: accountPath(r) + "/campaigns", MayAsk: actor(r).Can(sms.RightReload), Prices: view.PriceRows(l.Prices, phone.CountryName),
	}
	p.Entries, p.Older, p.Newest = ledgerEntries(r, l, path)
	return s.page(w, r, http.StatusOK, "Credits", "credits", view.CreditsPage(p))
}

// ledgerEntries are the lines of a page of the ledger in words, and where the other pages are.
func ledgerEntries(r *http.Request, l app.Ledger, path string) (entries []view.Entry, older, newest string) {
	for _, x := range l.Lines {
		entries = append(entries, view.LedgerEntry(x, l.Tenant.Zone))
	}
	if l.More {
		older = fmt.Sprintf("%s?before=%d", path, l.Lines[len(l.Lines)-1].Version)
	}
	if before(r) > 0 {
		newest = path
	}
	return entries, older, newest
}

// exportLedger is the whole ledger as a file, the newest entry first.
func (s *Server) exportLedger(w http.ResponseWriter, r *http.Request) error {
	return s.ledgerFile(w, r, visit(r).Tenant.Slug, func(line func(sms.LedgerLine) error) error {
		return s.App.LedgerEntries(r.Context(), actor(r), line)
	})
}

// ledgerFile sends a ledger as entries gives it.
func (s *Server) ledgerFile(w http.ResponseWriter, r *http.Request, slug string, entries func(line func(sms.LedgerLine) error) error) error {
	return s.download(w, r, "credits-"+slug+".csv", func(to io.Writer) error {
		out := csv.NewWriter(to)
		err := out.Write([]string{"When (UTC)", "Entry", "What", "Order reference", "By", "Credits", "Balance after"})
		if err != nil {
			return err
		}
		if err := entries(func(l sms.LedgerLine) error { return out.Write(ledgerRow(l)) }); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	})
}

func ledgerRow(l sms.LedgerLine) []string {
	return []string{
		l.At.UTC().Format(time.DateTime), l.Kind.Words(), table.Safe(view.LedgerSub(l)), table.Safe(l.Reference), table.Safe(l.Actor), plain3(l.Amount), plain3(l.After),
	}
}

// plain3 is an amount that a spreadsheet adds up.
func plain3(c sms.Credits) string {
	return strings.NewReplacer(",", "", "−", "-").Replace(c.String())
}

func (s *Server) askReloadPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAskReload(w, r, http.StatusOK, sms.ReloadAsk{Token: s.newToken(), Amount: r.URL.Query().Get("amount")}, nil)
}

func (s *Server) showAskReload(w http.ResponseWriter, r *http.Request, status int, f sms.ReloadAsk, p sms.Problems) error {
	b, _, err := s.App.Balance(r.Context(), actor(r))
	if err != nil {
		return err
	}
	return s.page(w, r, status, "Ask for a reload", "credits", view.AskReloadPage(view.AskReloadProps{
		Path: accountPath(r) + "/credits", Amount: f.Amount, Reference: f.Reference, Note: f.Note, Token: f.Token, CanUse: b.Available, Problems: Summary(p), Errors: p,
	}))
}

func (s *Server) askReload(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[sms.ReloadAsk](r)
	if err != nil {
		return err
	}
	asked, err := s.App.AskReload(r.Context(), actor(r), f)
	var p sms.Problems
	if errors.As(err, &p) {
		return s.showAskReload(w, r, http.StatusUnprocessableEntity, f, p)
	}
	if err != nil {
		return err
	}
	clock := sms.In(asked.At, visit(r).Tenant.Zone).Format("15:04")
	flash := view.Flash{Kind: view.Sea, Title: asked.Amount.Words() + " asked for at " + clock + ".", Text: "We usually answer within 2 hours. What waits for credits goes on by itself."}
	if asked.Already {
		flash = view.Flash{Kind: view.Rest, Title: "Already asked at " + clock + ".", Text: "It was asked once."}
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, accountPath(r)+"/credits")
}

// withdrawReload takes an ask for credits back.
func (s *Server) withdrawReload(w http.ResponseWriter, r *http.Request) error {
	request, err := id(r, "request")
	if err != nil {
		return err
	}
	flash := view.Flash{Kind: view.Sea, Title: "Taken back.", Text: "Nobody adds these credits now."}
	err = s.App.WithdrawReload(r.Context(), actor(r), request)
	if errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		flash, err = view.Flash{Kind: view.Wait, Title: sms.Words(err)}, nil
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, accountPath(r)+"/credits")
}
