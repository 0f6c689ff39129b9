package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// auditLog is what was done in the account, for its owner.
func (s *Server) auditLog(w http.ResponseWriter, r *http.Request) error {
	v := visit(r)
	before, err := beforeOf(r)
	if err != nil {
		return err
	}
	l, err := s.App.AuditLog(r.Context(), v.Actor, before)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(l.Tenant.Zone)
	if err != nil {
		zone = time.UTC
	}
	body := view.SettingsLog(v.Tenant.Name, settingsTabs(v, "log"), s.logProps(l, zone, r.URL.Path, nil, before))
	return s.page(w, r, http.StatusOK, "Log", "settings", body)
}

// staffAuditLog is the log of the platform, or of the tenant chosen.
func (s *Server) staffAuditLog(w http.ResponseWriter, r *http.Request) error {
	before, err := beforeOf(r)
	if err != nil {
		return err
	}
	chosen := r.URL.Query().Get("tenant")
	l, err := s.App.StaffAuditLog(r.Context(), actor(r), chosen, before)
	if err != nil {
		return err
	}
	tenants, _, err := s.App.Tenants(r.Context(), actor(r), sms.TenantFilter{})
	if err != nil {
		return err
	}
	options := []view.Option{{Value: "", Label: "Tidings itself: sign-ins and staff"}}
	listed := chosen == ""
	for _, t := range tenants {
		listed = listed || t.Slug == chosen
		options = append(options, view.Option{Value: t.Slug, Label: t.Name, Group: "Tenants"})
	}
	if !listed { // there are more than one list shows
		options = append(options, view.Option{Value: chosen, Label: l.Tenant.Name, Group: "Tenants"})
	}
	q := url.Values{}
	if chosen != "" {
		q.Set("tenant", chosen)
	}
	body := view.StaffLog(chosen, options, s.logProps(l, time.UTC, r.URL.Path, q, before))
	return s.page(w, r, http.StatusOK, "Audit log", "audit", body)
}

// beforeOf reads where a page of a log begins; 0 is the newest.
func beforeOf(r *http.Request) (int64, error) {
	text := r.URL.Query().Get("before")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, sms.ErrNotFound
	}
	return n, nil
}

func (s *Server) logProps(l app.AuditPage, zone *time.Location, path string, q url.Values, before int64) view.LogProps {
	now := s.App.Now().In(zone)
	p := view.LogProps{Zone: "UTC"}
	if zone != time.UTC {
		p.Zone = view.City(zone.String()) + " time (" + view.Offset(now) + ")"
	}
	for _, e := range l.Entries {
		x := view.LogEntry{
			Seq: strconv.FormatInt(e.Seq, 10), When: e.At.In(zone).Format("Mon 2 Jan, 15:04:05"),
			Actor: e.Actor, What: e.Words(), Object: e.Object, Reason: e.Reason, From: e.IP,
		}
		for _, c := range e.Changes() {
			x.Changes = append(x.Changes, view.LogChange(c))
		}
		p.Entries = append(p.Entries, x)
	}
	if l.Broken > 0 {
		p.Broken = strconv.FormatInt(l.Broken, 10)
	}
	if before > 0 {
		p.Newest = withQuery(path, q)
	}
	if l.Older > 0 {
		older := url.Values{"before": {strconv.FormatInt(l.Older, 10)}}
		for k, v := range q {
			older[k] = v
		}
		p.Older = withQuery(path, older)
	}
	return p
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
