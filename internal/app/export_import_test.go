package app

import (
	"io"
)

// ReadUpload reads on in an upload of which so many bytes have come.
func ReadUpload(came int64, file io.Reader) error {
	u := &upload{file: file, bytes: came}
	_, err := u.Read(make([]byte, 1))
	return err
}
