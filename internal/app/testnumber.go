package app

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// codeSender is who a code comes from.
const codeSender = "Tidings"

// AddTestNumber notes an own phone and sends it a code of six digits, by the same way as any message and
// at the same price. It is used again to send a new code. Problems: of "number" and "name".
func (a *App) AddTestNumber(ctx context.Context, who sms.Actor, typed, name, token string) error {
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, token, "add_test_number", &struct{}{}, func() error {
			if err := tx.LockTests(ctx); err != nil {
				return err
			}
			n, err := a.newPhone(ctx, tx, who, typed, name)
			if err != nil {
				return err
			}
			return a.sendCode(ctx, tx, who, n, token)
		})
	})
	return a.wrapPhone("add test number", err)
}

func (a *App) wrapPhone(deed string, err error) error {
	var p sms.Problems
	if err == nil || errors.As(err, &p) {
		return err
	}
	return fmt.Errorf("%s: %w", deed, err)
}

// newPhone checks what was typed against the rules and the limits.
func (a *App) newPhone(ctx context.Context, tx *postgres.Tx, who sms.Actor, typed, name string) (sms.TestNumber, error) {
	var n sms.TestNumber
	var p sms.Problems
	tenant, err := tx.OwnTenant(ctx)
	if err != nil {
		return n, err
	}
	parsed, err := phone.Parse(typed, tenant.Country)
	if err != nil {
		p.Add("number", err.Error())
	}
	if n.Name = strings.Join(strings.Fields(name), " "); n.Name == "" {
		n.Name = who.Name
	}
	if utf8.RuneCountInString(n.Name) > 80 {
		p.Add("name", "Use 80 characters or fewer")
	}
	n.Number = int64(parsed.Number)
	own, err := tx.TestNumbers(ctx)
	if err != nil {
		return n, err
	}
	known := false
	for _, x := range own {
		if x.Number != n.Number {
			continue
		}
		known = true
		if x.VerifiedAt != nil {
			p.Add("number", "This phone is verified already")
		}
	}
	if !known && len(own) >= sms.NumbersToTest {
		p.Add("number", fmt.Sprintf("%d phones is the most. Remove one first", sms.NumbersToTest))
	}
	_, codes, err := tx.TestsSince(ctx, dayStart(a.Now(), tenant.Zone))
	if err != nil {
		return n, err
	}
	if codes >= sms.CodesADay {
		p.Add("number", fmt.Sprintf("%d codes a day is the most. Try again tomorrow", sms.CodesADay))
	}
	return n, p.Err()
}

// sendCode keeps the phone with the hash of a new code, and sends the code.
func (a *App) sendCode(ctx context.Context, tx *postgres.Tx, who sms.Actor, n sms.TestNumber, token string) error {
	draw, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return err
	}
	code := fmt.Sprintf("%06d", draw.Int64())
	ends := a.Now().Add(sms.CodeFor)
	n.CodeHash, n.CodeEndsAt, n.CodeTries = a.codeHash(tx.Tenant(), n.Number, code), &ends, 0
	if err := tx.SaveTestNumber(ctx, n, who.User); err != nil {
		return err
	}
	s := sms.Session{
		Kind: sms.KindTest, Name: "Code to verify " + phone.Number(n.Number).Masked(),
		MessageKind: sms.Service, Sender: codeSender, Text: "{code} is your Tidings code. It works for 10 minutes.", Token: token,
	}
	_, err = a.sendOwn(ctx, tx, who, s, sms.ID{}, strings.Replace(s.Text, "{code}", code, 1), []int64{n.Number})
	var p sms.Problems
	if errors.As(err, &p) {
		return sms.Problems{{Field: "number", Text: p[0].Text}}
	}
	return err
}

func (a *App) codeHash(tenant sms.TenantID, number int64, code string) []byte {
	h := hmac.New(sha256.New, a.Secret)
	fmt.Fprintf(h, "code|%d|%d|%s", tenant, number, code)
	return h.Sum(nil)
}

// VerifyTestNumber compares a code with the one that was sent. A wrong one counts: after five the phone
// needs a new code. Problems: of "code".
func (a *App) VerifyTestNumber(ctx context.Context, who sms.Actor, number, code string) error {
	var p sms.Problems
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		p = nil
		n, err := ownPhone(ctx, tx, number)
		if err != nil || n.VerifiedAt != nil {
			return err
		}
		now := a.Now()
		switch code = strings.Join(strings.Fields(code), ""); {
		case n.CodeEndsAt == nil || now.After(*n.CodeEndsAt):
			p.Add("code", "That code has expired. Send a new one")
			return nil
		case n.CodeTries >= sms.CodeTries:
			p.Add("code", "Too many tries. Send a new code")
			return nil
		case !hmac.Equal(n.CodeHash, a.codeHash(tx.Tenant(), n.Number, code)):
			n.CodeTries++
			p.Add("code", triesWords(sms.CodeTries-n.CodeTries))
			return tx.SaveTestNumber(ctx, n, who.User) // the try counts though the answer is no
		}
		n.VerifiedAt, n.CodeHash, n.CodeEndsAt = &now, nil, nil
		if err := tx.SaveTestNumber(ctx, n, who.User); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "verify_test_number", "phone "+phone.Number(n.Number).Masked(), nil, map[string]any{"name": n.Name}, "")
	})
	if err == nil {
		err = p.Err()
	}
	return a.wrapPhone("verify test number", err)
}

func triesWords(left int) string {
	switch left {
	case 0:
		return "That code is not right. Send a new one"
	case 1:
		return "That code is not right. 1 try left"
	}
	return "That code is not right. " + strconv.Itoa(left) + " tries left"
}

// RemoveTestNumber forgets an own phone.
func (a *App) RemoveTestNumber(ctx context.Context, who sms.Actor, number string) error {
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		n, err := ownPhone(ctx, tx, number)
		if err != nil {
			return err
		}
		if err := tx.DeleteTestNumber(ctx, n.Number); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "remove_test_number", "phone "+phone.Number(n.Number).Masked(), map[string]any{"name": n.Name}, nil, "")
	})
	return a.wrapPhone("remove test number", err)
}

func ownPhone(ctx context.Context, tx *postgres.Tx, typed string) (sms.TestNumber, error) {
	number, err := strconv.ParseInt(typed, 10, 64)
	if err != nil {
		return sms.TestNumber{}, sms.ErrNotFound
	}
	return tx.LockTestNumber(ctx, number)
}
