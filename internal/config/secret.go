package config

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// DevSecret is the secret of this computer, kept in dir/secret: made on the
// first start, the same on every later one, so that logins outlive a restart.
func DevSecret(dir string) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("keep a secret: %w", err)
	}
	path := filepath.Join(dir, "secret")
	key := make([]byte, minSecret)
	_, _ = rand.Read(key) // never fails, says its documentation
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(fresh, []byte(hex.EncodeToString(key)+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keep a secret: %w", err)
	}
	defer func() { _ = os.Remove(fresh) }()
	// Link fails if the name is taken: of two first starts, one secret stays.
	if err := os.Link(fresh, path); err != nil && !os.IsExist(err) {
		return nil, fmt.Errorf("keep a secret: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the secret: %w", err)
	}
	var p Problems
	if key = p.secret(strings.TrimSpace(string(text)), Serve); len(p) > 0 {
		return nil, fmt.Errorf("%s is damaged: remove it, and everybody signs in again", path)
	}
	return key, nil
}
