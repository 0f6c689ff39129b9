// Package migrations embeds the steps of the schema, in golang-migrate's form.
package migrations

import "embed"

// FS holds the NNNNNN_word.up.sql and .down.sql files.
//
//go:embed *.sql
var FS embed.FS
