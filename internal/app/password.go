package app

import (
	"context"
	"strings"

	"github.com/alexedwards/argon2id"

	"tidings/internal/sms"
)

// passwordCost is what one hash takes: 19 MiB, two passes, one lane (OWASP's
// first choice for argon2id). About 25 ms.
var passwordCost = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Longest password that is hashed, in bytes. A longer one is wrong.
const maxPassword = 256

// nobodysHash is the stored form of a password that nobody has, with the same
// cost: an unknown address takes the same work as a known one.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$cNCU5NuWSHAWMp43HwEUcA$6h0deqO8P+9nnJd1ikIRD5SQ1lykWakSaLunWZNuNTU"

// hashing lets two hashes run at once: more would let strangers fill the memory.
var hashing = make(chan struct{}, 2)

// hashQueue is how many may wait for their turn before the rest is sent away.
var hashQueue = make(chan struct{}, 40)

// HashPassword makes the stored form of a password.
func HashPassword(ctx context.Context, password string) (string, error) {
	var hash string
	err := withHashing(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(password, passwordCost)
		return err
	})
	return hash, err
}

// checkPassword reports whether password is the one whose stored form is hash,
// and whether that form is of an older cost.
func checkPassword(ctx context.Context, password, hash string) (match, old bool, err error) {
	err = withHashing(ctx, func() (err error) {
		var cost *argon2id.Params
		match, cost, err = argon2id.CheckHash(password, hash)
		old = err == nil && (cost.Memory != passwordCost.Memory || cost.Iterations != passwordCost.Iterations || cost.Parallelism != passwordCost.Parallelism)
		return err
	})
	return match, old, err
}

func withHashing(ctx context.Context, fn func() error) error {
	select {
	case hashQueue <- struct{}{}:
		defer func() { <-hashQueue }()
	default:
		return sms.Unavailable("Very many people are signing in at this moment. Try again in a minute.")
	}
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
		return fn()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// emailKey is the form in which an address is looked up.
func emailKey(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
