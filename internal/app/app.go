// Package app is what Tidings can do: one method is one deed, one thing that
// somebody may ask for. A deed checks one right, is told in order, and is
// usually one transaction; no network call happens inside one.
package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// App does the deeds.
type App struct {
	DB      *postgres.DB
	Now     func() time.Time // the clock; tests inject theirs
	Log     *slog.Logger
	Secret  []byte                     // keys of number hashes and codes; 32 bytes or more
	MinLead time.Duration              // the least lead of a scheduled session
	Routes  map[string]gateway.Gateway // from the environment, by name; those of the database are beside them

	Base     string         // where people and carriers reach the pages: https://sms.example.com
	Networks []netip.Prefix // that gateways may reach over HTTP though they are not public

	watch watchers
	hooks hooks
}

// as runs one deed of a member: it checks the right, opens the tenant's
// transaction and commits when fn returns nil. Authorisation and isolation are
// one line to use and cannot be forgotten.
func (a *App) as(ctx context.Context, who sms.Actor, right sms.Right, fn func(*postgres.Tx) error) error {
	if !who.Can(right) {
		return a.denied(ctx, who, right)
	}
	return a.DB.InTenant(ctx, who.Tenant, fn)
}

// asStaff runs one deed of staff, across tenants.
func (a *App) asStaff(ctx context.Context, who sms.Actor, right sms.Right, fn func(*postgres.PlatformTx) error) error {
	if !who.System && (who.Staff == "" || !who.Can(right)) {
		return sms.ErrForbidden
	}
	return a.DB.InPlatform(ctx, fn)
}

// denied says who can help (D42).
func (a *App) denied(ctx context.Context, who sms.Actor, right sms.Right) error {
	if who.Tenant == 0 {
		return sms.ErrForbidden
	}
	roles := sms.RolesWith(right)
	var people []sms.Member
	err := a.DB.InTenant(ctx, who.Tenant, func(tx *postgres.Tx) (err error) {
		people, err = tx.MembersWith(ctx, roles)
		return err
	})
	if err != nil {
		return err
	}
	return sms.Forbidden(deniedWords(roles, people))
}

func deniedWords(roles []sms.Role, people []sms.Member) string {
	if len(roles) == 0 {
		return "You cannot do this here."
	}
	role := string(roles[len(roles)-1])
	text := "It needs the role " + role + " in this account."
	names := make([]string, 0, 3)
	for _, p := range people[:min(len(people), 3)] {
		names = append(names, p.Name)
	}
	switch n := len(names); n {
	case 0:
	case 1:
		text += " Ask " + names[0] + "."
	default:
		text += " Ask " + strings.Join(names[:n-1], ", ") + " or " + names[n-1] + "."
	}
	return text
}

// audit writes what was done in the deed's own transaction (D44). before and
// after become JSON; nil is empty.
func (a *App) audit(ctx context.Context, tx *postgres.Tx, who sms.Actor, deed, object string, before, after any, reason string) error {
	e, err := a.auditEntry(deed, object, before, after, reason)
	if err != nil {
		return err
	}
	return tx.AddAudit(ctx, who, e)
}

// auditPlatform is audit for what belongs to no tenant.
func (a *App) auditPlatform(ctx context.Context, tx *postgres.PlatformTx, who sms.Actor, deed, object string, before, after any, reason string) error {
	e, err := a.auditEntry(deed, object, before, after, reason)
	if err != nil {
		return err
	}
	return tx.AddAudit(ctx, who, e)
}

func (a *App) auditEntry(deed, object string, before, after any, reason string) (sms.Audit, error) {
	e := sms.Audit{At: a.Now(), Deed: deed, Object: object, Reason: reason}
	for _, x := range []struct {
		to *string
		v  any
	}{{&e.Before, before}, {&e.After, after}} {
		if x.v == nil {
			continue
		}
		b, err := json.Marshal(x.v)
		if err != nil {
			return e, fmt.Errorf("audit %s: %w", deed, err)
		}
		*x.to = string(b)
	}
	return e, nil
}

// NumberHash is the keyed hash of a number (E.164 digits) by which a number is remembered: in suppressions
// it outlives the person's erasure (D38). 16 bytes, different for every tenant.
func (a *App) NumberHash(tenant sms.TenantID, number int64) []byte {
	return a.numberHasher(tenant)(number)
}

// numberHasher is NumberHash for many numbers, one after the other: the key is prepared once.
func (a *App) numberHasher(tenant sms.TenantID) func(number int64) []byte {
	h := hmac.New(sha256.New, a.Secret)
	room := append(strconv.AppendInt(make([]byte, 0, 48), int64(tenant), 10), ':')
	return func(number int64) []byte {
		h.Reset()
		h.Write(strconv.AppendInt(room, number, 10))
		return h.Sum(nil)[:16]
	}
}

// Require reports whether the actor has a right; if not, who can help (D42).
func (a *App) Require(ctx context.Context, who sms.Actor, right sms.Right) error {
	if who.Can(right) {
		return nil
	}
	return a.denied(ctx, who, right)
}

// Ready reports whether the database answers and has the schema of this program.
func (a *App) Ready(ctx context.Context) error {
	if err := a.DB.Ping(ctx); err != nil {
		return err
	}
	return a.DB.Current(ctx)
}
