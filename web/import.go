package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// The limits of an upload: the file, what stands around it, and one field of the form.
const (
	mostUpload      = sms.MaxImportBytes + 1<<20
	mostUploadParts = 20
	mostUploadField = 8 << 10
)

// importPage asks for a file, and for what is to be known of it.
func (s *Server) importPage(w http.ResponseWriter, r *http.Request) error {
	f := app.ImportForm{Country: visit(r).Tenant.Country, Token: s.newToken()}
	if into := r.URL.Query().Get("list"); into != "" {
		list, err := sms.ParseID(into)
		if err != nil {
			return err
		}
		l, err := s.App.ListHead(r.Context(), actor(r), list)
		if err != nil {
			return err
		}
		f.List, f.Country, f.Consent, f.Note = into, l.Country, l.ConsentSource, l.ConsentNote
	}
	return s.showImportForm(w, r, http.StatusOK, f, nil)
}

func (s *Server) showImportForm(w http.ResponseWriter, r *http.Request, status int, f app.ImportForm, mistakes sms.Problems) error {
	lists, err := s.App.ListNames(r.Context(), actor(r))
	if err != nil {
		return err
	}
	p := view.ImportFormProps{Base: contactsPath(r), Lists: lists, Form: f, Mistakes: mistakes, Problems: Summary(mistakes), Most: sms.MaxImportBytes}
	return s.page(w, r, status, "Import people", "contacts", view.ImportFormPage(p))
}

// startImport takes a file in as it comes: its form is read up to the file, and the file goes to the database
// piece by piece.
func (s *Server) startImport(w http.ResponseWriter, r *http.Request) error {
	if err := AllowUpload(w, r, mostUpload); err != nil {
		return err
	}
	f, file, err := importUpload(r)
	if err != nil {
		return err
	}
	started, err := s.App.StartImport(r.Context(), actor(r), f, file)
	var mistakes sms.Problems
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		mistakes.Add("file", "This file is larger than 200 MB. Split it, and upload the parts one after the other.")
	case errors.As(err, &mistakes):
		// A browser reads no answer before it has sent everything.
		_, _ = io.Copy(io.Discard, r.Body)
	case err != nil:
		return err
	default:
		return Redirect(w, r, importPath(r, started)+"/columns")
	}
	if mistakes.For("file") == "" && f.FileName != "" {
		mistakes.Add("file", "Choose the file once more. Browsers forget it")
	}
	return s.showImportForm(w, r, http.StatusUnprocessableEntity, f, mistakes)
}

func importPath(r *http.Request, id sms.ID) string { return contactsPath(r) + "/import/" + id.String() }

// importUpload reads the fields of an upload up to its file. Fields behind the file are not read.
func importUpload(r *http.Request) (app.ImportForm, io.Reader, error) {
	var f app.ImportForm
	parts, err := r.MultipartReader()
	if err != nil {
		return f, nil, Status{Code: http.StatusBadRequest}
	}
	into := map[string]*string{"list": &f.List, "name": &f.ListName, "country": &f.Country, "consent": &f.Consent, "note": &f.Note, "token": &f.Token}
	for range mostUploadParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, bytes.NewReader(nil), nil
		}
		if err != nil {
			return f, nil, badForm(err)
		}
		if part.FormName() == "file" {
			f.FileName = clean(part.FileName())
			return f, part, nil
		}
		if to := into[part.FormName()]; to != nil {
			if *to, err = uploadField(part); err != nil {
				return f, nil, err
			}
		}
	}
	return f, nil, Status{Code: http.StatusBadRequest, Text: "The form has too many fields."}
}

func uploadField(part *multipart.Part) (string, error) {
	b, err := io.ReadAll(io.LimitReader(part, mostUploadField+1))
	if err != nil {
		return "", badForm(err)
	}
	if len(b) > mostUploadField {
		return "", Status{Code: http.StatusBadRequest, Text: "A field of the form is too long."}
	}
	return clean(string(b)), nil
}

func (s *Server) importProps(r *http.Request, p app.ImportPage) view.ImportProps {
	return view.ImportProps{
		ImportPage: p, Base: contactsPath(r), Here: importPath(r, p.ID), Campaigns: accountPath(r) + "/campaigns", Zone: visit(r).Tenant.Zone,
		Token: s.newToken(), MayCompose: actor(r).Can(sms.RightCompose),
	}
}

func (s *Server) importOf(r *http.Request) (view.ImportProps, error) {
	imported, err := id(r, "import")
	if err != nil {
		return view.ImportProps{}, err
	}
	p, err := s.App.Import(r.Context(), actor(r), imported)
	if err != nil {
		return view.ImportProps{}, err
	}
	return s.importProps(r, p), nil
}

// imported is the page of an import, wherever it is.
func (s *Server) imported(w http.ResponseWriter, r *http.Request) error {
	p, err := s.importOf(r)
	if err != nil {
		return err
	}
	if p.State == sms.ImportColumns {
		return Redirect(w, r, p.Here+"/columns")
	}
	return s.page(w, r, http.StatusOK, p.Title(), "contacts", view.ImportPage(p))
}

// importEvents streams the page of an import while somebody works on it.
func (s *Server) importEvents(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.importOf(r); err != nil {
		return err
	}
	e, err := Stream(w, r)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	return e.Follow(ticks(ctx, time.Second), func(ctx context.Context) (templ.Component, bool, error) {
		p, err := s.importOf(r.WithContext(ctx))
		if err != nil {
			return templ.NopComponent, true, err
		}
		return view.ImportLive(p), !p.State.Working(), nil
	})
}

// ticks wakes at intervals until ctx ends.
func ticks(ctx context.Context, every time.Duration) <-chan struct{} {
	wake := make(chan struct{}, 1)
	go func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				select {
				case wake <- struct{}{}:
				default: // the last one was not taken yet
				}
			}
		}
	}()
	return wake
}

// columnsForm is what each column of a file is, as chosen.
type columnsForm struct {
	Header bool     `form:"header"`
	Fields []string `form:"field"`
	New    []string `form:"new"`
	Keep   bool     `form:"keep"`
	Empty  bool     `form:"empty"`
	Last   bool     `form:"last"`
}

func (f columnsForm) columns() app.ImportColumnsForm {
	return app.ImportColumnsForm{
		HasHeader: f.Header, Fields: f.Fields, NewFields: f.New,
		Options: sms.ImportOptions{KeepExisting: f.Keep, EmptyErases: f.Empty, LastWins: f.Last},
	}
}

// importColumnsPage asks what the columns are, before the check and again after it.
func (s *Server) importColumnsPage(w http.ResponseWriter, r *http.Request) error {
	p, err := s.importOf(r)
	if err != nil {
		return err
	}
	if p.State != sms.ImportColumns && p.State != sms.ImportChecked {
		return Redirect(w, r, p.Here)
	}
	return s.page(w, r, http.StatusOK, "What the columns are", "contacts", view.ImportColumnsPage(p))
}

func (s *Server) setImportColumns(w http.ResponseWriter, r *http.Request) error {
	p, err := s.importOf(r)
	if err != nil {
		return err
	}
	f, err := form[columnsForm](r, 2*len(p.Columns)+mostFields)
	if err != nil {
		return err
	}
	typed := f.columns()
	err = s.App.SetImportColumns(r.Context(), actor(r), p.ID, typed)
	var mistakes sms.Problems
	switch {
	case errors.As(err, &mistakes):
		p.Typed, p.Mistakes, p.Problems = &typed, mistakes, Summary(mistakes)
		return s.page(w, r, http.StatusUnprocessableEntity, "What the columns are", "contacts", view.ImportColumnsPage(p))
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
	case err != nil:
		return err
	}
	return Redirect(w, r, p.Here)
}

// importDeed does a deed on an import and goes back to its page. A deed that came too late is told there.
func (s *Server) importDeed(w http.ResponseWriter, r *http.Request, deed func(id sms.ID) error) error {
	imported, err := id(r, "import")
	if err != nil {
		return err
	}
	if err := deed(imported); errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
	} else if err != nil {
		return err
	}
	return Redirect(w, r, importPath(r, imported))
}

func (s *Server) confirmImport(w http.ResponseWriter, r *http.Request) error {
	seen, err := strconv.Atoi(r.PostFormValue("seen"))
	if err != nil {
		return Status{Code: http.StatusBadRequest}
	}
	return s.importDeed(w, r, func(id sms.ID) error {
		return s.App.ConfirmImport(r.Context(), actor(r), id, seen, r.PostFormValue("token"))
	})
}

func (s *Server) cancelImport(w http.ResponseWriter, r *http.Request) error {
	return s.importDeed(w, r, func(id sms.ID) error { return s.App.CancelImport(r.Context(), actor(r), id) })
}

// importRejects downloads the rows that cannot be imported, with the reason.
func (s *Server) importRejects(w http.ResponseWriter, r *http.Request) error {
	p, err := s.importOf(r)
	if err != nil {
		return err
	}
	return s.download(w, r, fileStem(p.FileName)+"-to-repair.csv", func(out io.Writer) error {
		return s.App.ImportRejects(r.Context(), actor(r), p.ID, out)
	})
}
