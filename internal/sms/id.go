package sms

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// ID names what people can see in an address: users, lists, contacts,
// campaigns, imports. It is a UUID version 7 (RFC 9562, 5.7): in order of
// making, and not to be guessed.
type ID [16]byte

// TenantID names a tenant inside the database. Addresses carry the tenant's
// slug instead, so it is never shown.
type TenantID int64

// SessionID names a session inside the database. Addresses carry the
// campaign's ID and the session's number instead.
type SessionID int64

// BatchID names a batch inside the database.
type BatchID int64

// NewID makes an ID at now.
func NewID(now time.Time) ID {
	var id ID
	_, _ = rand.Read(id[6:]) // crypto/rand.Read never fails: it ends the program instead
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|uint64(id[6])<<8|uint64(id[7]))
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseID reads the form that String writes. Anything else is ErrNotFound: an
// address that names nothing.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, fmt.Errorf("id %.40q: %w", s, ErrNotFound)
	}
	compact := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(id[:], []byte(compact)); err != nil {
		return ID{}, fmt.Errorf("id %.40q: %w", s, ErrNotFound)
	}
	return id, nil
}

// String returns the canonical form, 36 characters.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[:8], id[:4])
	b[8] = '-'
	hex.Encode(b[9:13], id[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], id[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], id[8:10])
	b[23] = '-'
	hex.Encode(b[24:], id[10:])
	return string(b[:])
}

// IsZero reports whether id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText makes an ID a string in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(b []byte) error {
	got, err := ParseID(string(b))
	*id = got
	return err
}
