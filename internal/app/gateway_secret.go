package app

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"tidings/internal/postgres"
)

// errSealed is what a gateway's secrets give under another key.
var errSealed = errors.New("its secrets cannot be read: the secret of Tidings has changed. Enter them again")

// sealer encrypts the secrets of one gateway: AES-256-GCM under a key of its own
// purpose, bound to the gateway's number, so that they are of no use in another row.
func (a *App) sealer(gateway int16) (aead cipher.AEAD, bound []byte, err error) {
	key, err := hkdf.Key(sha256.New, a.Secret, nil, "tidings: secrets of gateways", 32)
	if err != nil {
		return nil, nil, fmt.Errorf("derive the key of gateways: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare the key of gateways: %w", err)
	}
	aead, err = cipher.NewGCM(block)
	return aead, fmt.Appendf(nil, "gateway %d", gateway), err
}

func (a *App) seal(gateway int16, secrets map[string]string) ([]byte, error) {
	aead, bound, err := a.sealer(gateway)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return nil, fmt.Errorf("write the secrets of gateway %d: %w", gateway, err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails, says its documentation
	return aead.Seal(nonce, nonce, plain, bound), nil
}

// unseal reads what seal wrote for the same gateway. Nothing is no secrets.
func (a *App) unseal(gateway int16, sealed []byte) (map[string]string, error) {
	if len(sealed) == 0 {
		return map[string]string{}, nil
	}
	aead, bound, err := a.sealer(gateway)
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, errSealed
	}
	plain, err := aead.Open(nil, sealed[:n], sealed[n:], bound)
	if err != nil {
		return nil, errSealed
	}
	var secrets map[string]string
	if err := json.Unmarshal(plain, &secrets); err != nil {
		return nil, errSealed
	}
	return secrets, nil
}

// secretsOf are the saved secrets of a gateway, for the program alone.
func (a *App) secretsOf(ctx context.Context, tx *postgres.PlatformTx, gateway int16) (map[string]string, error) {
	sealed, err := tx.SealedSecrets(ctx, gateway)
	if err != nil {
		return nil, err
	}
	return a.unseal(gateway, sealed)
}
