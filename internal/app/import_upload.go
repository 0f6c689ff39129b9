package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/table"
)

// importChunk is the size of the pieces in which a file is kept.
const importChunk = 1 << 20

const (
	refuseLargeFile = table.Refusal("This file is larger than 200 MB. Split it, and upload the parts one after the other.")
	refuseManyOpen  = table.Refusal("Finish or cancel an import first. Five are under way in this account, and that is the most.")
	refuseManyRows  = table.Refusal("Your file has more than 1,000,000 rows. Split it, and upload the parts one after the other.")
)

// upload keeps a file in pieces while it is read.
type upload struct {
	app     *App
	tenant  sms.TenantID
	id      sms.ID
	file    io.Reader
	head    []byte
	format  table.Format // as the head has it
	settled table.Format // as all of the file has it

	ctx    context.Context // of the one call of readAll that goes through Read
	bytes  int64
	chunk  []byte
	chunks int
}

// begin reads the head and tells how the file is written. The error is a table.Refusal, or that of
// the connection.
func (u *upload) begin() error {
	head := make([]byte, table.HeadSize)
	n, err := io.ReadFull(u.file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read the upload: %w", err)
	}
	u.head = head[:n]
	u.format, err = table.Detect(u.head)
	return err
}

// readAll reads the file to its end, keeps it, and counts its rows.
func (u *upload) readAll(ctx context.Context) (rows int64, err error) {
	u.ctx, u.chunk = ctx, make([]byte, 0, importChunk)
	u.file = io.MultiReader(bytes.NewReader(u.head), u.file)
	r := table.NewReader(u, u.format)
	var cells []string
	for {
		if cells, err = r.Read(cells[:0]); errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if rows++; rows > sms.MaxImportRows+1 { // one of headings
			return 0, refuseManyRows
		}
	}
	u.settled = r.Settled()
	return rows, u.keep()
}

// Read gives the next bytes of the file and keeps them.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.file.Read(p[:min(len(p), importChunk-len(u.chunk))])
	u.chunk = append(u.chunk, p[:n]...)
	if u.bytes += int64(n); u.bytes > sms.MaxImportBytes {
		return 0, refuseLargeFile
	}
	if len(u.chunk) == importChunk {
		if err := u.keep(); err != nil {
			return n, err
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read the upload: %w", err)
	}
	return n, err
}

// keep writes the piece that was read, in a transaction of its own: an upload may take long.
func (u *upload) keep() error {
	if len(u.chunk) == 0 {
		return nil
	}
	err := u.app.patiently(u.ctx, func() error {
		return u.app.DB.InTenant(u.ctx, u.tenant, func(tx *postgres.Tx) error {
			return tx.AddImportChunk(u.ctx, u.id, u.chunks, u.chunk, u.app.Now())
		})
	})
	u.chunk = u.chunk[:0]
	u.chunks++
	return err
}

// sample gives the first rows of the file.
func (u *upload) sample() [][]string {
	const most = 300
	r := table.NewReader(bytes.NewReader(u.head), u.settled)
	var rows [][]string
	for len(rows) < most {
		cells, err := r.Read(nil)
		if err != nil {
			break
		}
		rows = append(rows, cells)
	}
	if len(u.head) == table.HeadSize && len(rows) > 1 && len(rows) < most {
		rows = rows[:len(rows)-1] // the end of the head cuts it
	}
	return rows
}
