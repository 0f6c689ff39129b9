package app

import (
	"bytes"
	"errors"
	"io"

	"tidings/internal/sms"
	"tidings/internal/sms/phone"
	"tidings/internal/sms/table"
)

// numbersIn are the cells of a file that hold its numbers: those of the column in
// which the most can be read, from its first number on, so that a heading is none
// of them.
func numbersIn(file []byte, country string) ([]string, error) {
	format, err := table.Detect(file[:min(len(file), table.HeadSize)])
	if err != nil {
		return nil, fileProblem(err)
	}
	r := table.NewReader(bytes.NewReader(file), format)
	var columns [][]string
	var read []int // numbers found in each column
	for {
		cells, err := r.Read(nil)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fileProblem(err)
		}
		for i, c := range cells {
			if i == len(columns) {
				columns, read = append(columns, nil), append(read, 0)
			}
			_, err := phone.Parse(c, country)
			if err == nil {
				read[i]++
			}
			if c = sms.CleanLine(c); c != "" && read[i] > 0 {
				columns[i] = append(columns[i], c)
			}
		}
	}
	best := -1
	for i := range columns {
		if read[i] > 0 && (best < 0 || read[i] > read[best]) {
			best = i
		}
	}
	if best < 0 {
		return nil, sms.Problems{{Field: "file", Text: "Choose a file with a column of phone numbers. This one has none that can be read"}}
	}
	return columns[best], nil
}

// fileProblem puts a refusal beside its field.
func fileProblem(err error) error {
	var refused table.Refusal
	if errors.As(err, &refused) {
		return sms.Problems{{Field: "file", Text: refused.Error()}}
	}
	return err
}
