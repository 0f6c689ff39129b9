package app_test

import (
	"errors"
	"testing"

	"tidings/internal/app/apptest"
	"tidings/internal/sms"
)

// D35, D42, D44: an administrator limits a tenant and its senders, with a reason,
// and the log says what was changed.
func TestTenantSpeed(t *testing.T) {
	w := apptest.World(t)
	ctx := t.Context()
	f := sms.SpeedForm{All: "1,200", Senders: []string{apptest.Sender}, Limits: []string{"50"}, Reason: "agreed with the operator"}
	for _, who := range []sms.Actor{w.Owner, w.Moderator} {
		if err := w.App.SetTenantSpeed(ctx, who, w.Tenant.Slug, f); !errors.Is(err, sms.ErrForbidden) && !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s sets a limit: %v", who.Name, err)
		}
		if _, err := w.App.TenantSpeed(ctx, who, w.Tenant.Slug); !errors.Is(err, sms.ErrForbidden) && !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s reads limits: %v", who.Name, err)
		}
	}
	if err := w.App.SetTenantSpeed(ctx, w.Admin, w.Tenant.Slug, f); err != nil {
		t.Fatal(err)
	}
	if err := w.App.SetTenantSpeed(ctx, w.Admin, w.Tenant.Slug, f); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("set twice: %v", err)
	}
	s, err := w.App.TenantSpeed(ctx, w.Admin, w.Tenant.Slug)
	if err != nil || s.Limits[""] != 1200 || s.Limits[apptest.Sender] != 50 || len(s.Senders) != 1 {
		t.Errorf("%+v (%v)", s, err)
	}
	f.All, f.Limits = "0", []string{""}
	if err := w.App.SetTenantSpeed(ctx, w.Admin, w.Tenant.Slug, f); err != nil {
		t.Error(err)
	}
	if s, err = w.App.TenantSpeed(ctx, w.Admin, w.Tenant.Slug); err != nil || len(s.Limits) != 0 {
		t.Errorf("%+v (%v)", s, err)
	}
	for _, bad := range []sms.SpeedForm{
		{All: "-1", Reason: "why not"},
		{All: "fast", Reason: "why not"},
		{All: "10"},
		{All: "1000001", Reason: "why not"},
		{Senders: []string{"X"}, Limits: []string{"1.5"}, Reason: "why not"},
	} {
		var p sms.Problems
		if err := w.App.SetTenantSpeed(ctx, w.Admin, w.Tenant.Slug, bad); !errors.As(err, &p) || len(p) != 1 {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
