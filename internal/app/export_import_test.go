package app

import (
	"context"
	"io"

	"tidings/internal/sms"
)

// ReadUpload reads on in an upload of which so many bytes have come.
func ReadUpload(came int64, file io.Reader) error {
	u := &upload{file: file, bytes: came}
	_, err := u.Read(make([]byte, 1))
	return err
}

// ImportPages are the bytes of rejected rows in each page into which an import is read.
func (a *App) ImportPages(ctx context.Context, tenant sms.TenantID, i sms.Import) (sizes []int, err error) {
	pages := make(chan importPage)
	go a.readPages(ctx, tenant, i, pages)
	for p := range pages {
		size := 0
		for _, r := range p.rejects {
			for _, c := range r.Cells {
				size += len(c)
			}
		}
		sizes, err = append(sizes, size), p.err
	}
	return sizes, err
}

// Patiently is how the steps of an import meet a database that is away.
func (a *App) Patiently(ctx context.Context, fn func() error) error { return a.patiently(ctx, fn) }
