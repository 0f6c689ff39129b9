package web

import "tidings/internal/sms"

// route is one address: who may ask, and what answers.
type route struct {
	method, path string
	access       access
	handler      Handler
}

// routes is every address there is. A GET never changes anything.
func (s *Server) routes() []route {
	return []route{
		// Sign-in.
		{"GET", "/", anybody, s.home},
		{"GET", "/sign-in", anybody, s.signInPage},
		{"POST", "/sign-in", anybody, s.signIn},
		{"POST", "/sign-out", signedIn, s.signOut},
		{"POST", "/theme", anybody, SetTheme},
		{"GET", "/accounts", signedIn, s.accounts},

		// An account.
		{"GET", "/a/{slug}", member(sms.RightSee), s.accountHome},
		{"GET", "/a/{slug}/more", member(sms.RightSee), s.more},

		// Staff.
		{"GET", "/staff/more", staff(""), s.more},
	}
}
