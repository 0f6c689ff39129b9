package generic

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/md5"  // some carriers offer nothing better than HMAC-MD5
	"crypto/sha1" // or HMAC-SHA1
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
)

// sum is the keyed hash of a text.
func (m *Mac) sum(key, text string) []byte {
	makers := map[string]func() hash.Hash{"sha256": sha256.New, "sha1": sha1.New, "md5": md5.New}
	h := hmac.New(makers[m.Hash], []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (m *Mac) encode(b []byte) string {
	if m.Encoding == "base64" {
		return base64.StdEncoding.EncodeToString(b)
	}
	return hex.EncodeToString(b)
}

func (m *Mac) decode(s string) ([]byte, error) {
	if m.Encoding == "base64" {
		return base64.StdEncoding.DecodeString(s)
	}
	return hex.DecodeString(s)
}

// publicKey reads an Ed25519 key; nil if it is none.
func publicKey(s string) ed25519.PublicKey {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil
	}
	return b
}

// verified reports whether a webhook is the carrier's. A signed one may be played again by whoever
// has seen it, but only to say what was said before, which changes nothing.
func (g *Gateway) verified(r *http.Request, body []byte) bool {
	v, key := &g.set.Verify, g.secrets[secretWebhook]
	if key == "" {
		return false
	}
	switch v.Kind {
	case "token":
		said := r.Header.Get(v.Header)
		if v.Param != "" {
			said = r.URL.Query().Get(v.Param)
		}
		return same(strings.TrimPrefix(said, v.Prefix), key)
	case "basic":
		user, password, ok := r.BasicAuth()
		a, b := same(user, g.set.Username), same(password, key)
		return ok && a && b
	case "hmac", "ed25519":
		said, found := strings.CutPrefix(r.Header.Get(v.Header), v.Prefix)
		sig, err := v.decode(said)
		if err != nil || !found {
			return false
		}
		text := g.webhook.render(raw, func(field string) string {
			if field == "Timestamp" {
				return r.Header.Get(v.TimestampHeader)
			}
			return string(body)
		})
		if v.Kind == "hmac" {
			return hmac.Equal(sig, v.sum(key, text))
		}
		return ed25519.Verify(publicKey(key), []byte(text), sig)
	}
	return false
}

// same compares without telling by its time how much was right.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
