package web

import (
	"slices"

	"tidings/internal/sms"
)

// route is one address: who may ask, and what answers.
type route struct {
	method, path string
	access       access
	handler      Handler
}

// routes is every address there is. A GET never changes anything.
func (s *Server) routes() []route {
	return slices.Concat(s.entryRoutes(), s.campaignRoutes(), s.contactRoutes(), s.creditRoutes(), s.staffRoutes())
}

// entryRoutes are signing in, and what every account has.
func (s *Server) entryRoutes() []route {
	return []route{
		// Sign-in.
		{"GET", "/", anybody, s.home},
		{"GET", "/sign-in", anybody, s.signInPage},
		{"POST", "/sign-in", anybody, s.signIn},
		{"POST", "/sign-out", signedIn, s.signOut},
		{"GET", "/signed-in", signedIn, s.signedInAgain},
		{"POST", "/theme", anybody, SetTheme},
		{"GET", "/accounts", signedIn, s.accounts},
		{"GET", "/me/logins", signedIn, s.logins},
		{"POST", "/me/logins/end-others", signedIn, s.endOtherLogins},
		{"POST", "/me/logins/{login}/end", signedIn, s.endLogin},

		// An account.
		{"GET", "/a/{slug}", member(sms.RightSee), s.accountHome},
		{"GET", "/a/{slug}/more", member(sms.RightSee), s.more},
		{"GET", "/a/{slug}/settings", member(sms.RightSee), s.settings},
		{"GET", "/a/{slug}/settings/team", member(sms.RightSee), s.team},
		{"GET", "/a/{slug}/settings/log", member(sms.RightSettings), s.auditLog},
	}
}

// campaignRoutes are writing a campaign and its sending.
func (s *Server) campaignRoutes() []route {
	return []route{
		// Campaigns: the list, writing, tests.
		{"GET", "/a/{slug}/campaigns", member(sms.RightSee), s.campaigns},
		{"GET", "/a/{slug}/campaigns/new", member(sms.RightCompose), s.newCampaignPage},
		{"POST", "/a/{slug}/campaigns/new", member(sms.RightCompose), s.newCampaign},
		{"GET", "/a/{slug}/campaigns/{campaign}/compose", member(sms.RightSee), s.composePage},
		{"POST", "/a/{slug}/campaigns/{campaign}/compose", member(sms.RightCompose), s.compose},
		{"POST", "/a/{slug}/campaigns/{campaign}/duplicate", member(sms.RightCompose), s.duplicate},
		{"GET", "/a/{slug}/campaigns/{campaign}/delete", member(sms.RightCompose), s.deletePage},
		{"POST", "/a/{slug}/campaigns/{campaign}/delete", member(sms.RightCompose), s.deleteDraft},
		{"GET", "/a/{slug}/campaigns/{campaign}/test", member(sms.RightSee), s.testPage},
		{"POST", "/a/{slug}/campaigns/{campaign}/test", member(sms.RightCompose), s.sendTest},
		{"GET", "/a/{slug}/campaigns/{campaign}/test/sent", member(sms.RightSee), s.sentTests},
		{"POST", "/a/{slug}/campaigns/{campaign}/test/phones", member(sms.RightCompose), s.addPhone},
		{"POST", "/a/{slug}/campaigns/{campaign}/test/phones/verify", member(sms.RightCompose), s.verifyPhone},
		{"POST", "/a/{slug}/campaigns/{campaign}/test/phones/remove", member(sms.RightCompose), s.removePhone},

		// The sending of a campaign.
		{"GET", "/a/{slug}/campaigns/{campaign}", member(sms.RightSee), s.status},
		{"GET", "/a/{slug}/campaigns/{campaign}/events", member(sms.RightSee), s.events},
		{"GET", "/a/{slug}/campaigns/{campaign}/finalize", member(sms.RightCompose), s.finalizePage},
		{"POST", "/a/{slug}/campaigns/{campaign}/finalize", member(sms.RightCompose), s.finalizePage},
		{"GET", "/a/{slug}/campaigns/{campaign}/confirm", member(sms.RightCompose), s.toFinalize},
		{"POST", "/a/{slug}/campaigns/{campaign}/confirm", member(sms.RightSend), s.confirm},
		{"GET", "/a/{slug}/campaigns/{campaign}/pause", member(sms.RightSend), s.pausePage},
		{"POST", "/a/{slug}/campaigns/{campaign}/pause", member(sms.RightSend), s.pause},
		{"POST", "/a/{slug}/campaigns/{campaign}/resume", member(sms.RightSend), s.resume},
		{"POST", "/a/{slug}/campaigns/{campaign}/release", member(sms.RightSend), s.release},
		{"GET", "/a/{slug}/campaigns/{campaign}/cancel", member(sms.RightSend), s.cancelPage},
		{"POST", "/a/{slug}/campaigns/{campaign}/cancel", member(sms.RightSend), s.cancel},
		{"POST", "/a/{slug}/campaigns/{campaign}/rest", member(sms.RightCompose), s.sendRest},
		{"POST", "/a/{slug}/campaigns/{campaign}/correction", member(sms.RightCompose), s.writeCorrection},
		{"GET", "/a/{slug}/campaigns/{campaign}/resend", member(sms.RightSend), s.resendPage},
		{"POST", "/a/{slug}/campaigns/{campaign}/resend", member(sms.RightSend), s.resend},
		{"GET", "/a/{slug}/campaigns/{campaign}/move", member(sms.RightSend), s.movePage},
		{"POST", "/a/{slug}/campaigns/{campaign}/move", member(sms.RightSend), s.movePage},
		{"POST", "/a/{slug}/campaigns/{campaign}/decide", member(sms.RightSend), s.decide},
		{"GET", "/a/{slug}/zones", member(sms.RightSee), s.zones},
	}
}

// creditRoutes are what an account has, needs and asks for.
func (s *Server) creditRoutes() []route {
	return []route{
		// Credits.
		{"GET", "/a/{slug}/credits", member(sms.RightSee), s.credits},
		{"GET", "/a/{slug}/credits/reload", member(sms.RightReload), s.askReloadPage},
		{"POST", "/a/{slug}/credits/reload", member(sms.RightReload), s.askReload},
		{"POST", "/a/{slug}/credits/reload/{request}/withdraw", member(sms.RightReload), s.withdrawReload},
		{"GET", "/a/{slug}/credits/ledger.csv", member(sms.RightSee), s.exportLedger},
	}
}

// staffRoutes are for our own people.
func (s *Server) staffRoutes() []route {
	return []route{
		// Administrators.
		{"GET", "/staff/tenants", staff(sms.RightAdmin), s.tenants},
		{"GET", "/staff/tenants/{tenant}", staff(sms.RightAdmin), s.tenant},
		{"GET", "/staff/tenants/{tenant}/overview", staff(sms.RightAdmin), s.tenantOverview},
		{"GET", "/staff/tenants/{tenant}/credits", staff(sms.RightAdmin), s.tenantCredits},
		{"POST", "/staff/tenants/{tenant}/credits", staff(sms.RightAdmin), s.reload},
		{"POST", "/staff/tenants/{tenant}/credits/decline", staff(sms.RightAdmin), s.declineReload},
		{"GET", "/staff/tenants/{tenant}/credits/ledger.csv", staff(sms.RightAdmin), s.exportTenantLedger},
		{"GET", "/staff/tenants/{tenant}/validation", staff(sms.RightAdmin), s.validation},
		{"POST", "/staff/tenants/{tenant}/validation", staff(sms.RightAdmin), s.setValidation},
		{"GET", "/staff/tenants/{tenant}/speed", staff(sms.RightAdmin), s.tenantSpeed},
		{"POST", "/staff/tenants/{tenant}/speed", staff(sms.RightAdmin), s.setTenantSpeed},
		{"GET", "/staff/kill", staff(sms.RightAdmin), s.killSwitch},
		{"POST", "/staff/kill", staff(sms.RightAdmin), s.pressKillSwitch},
		{"GET", "/staff/kill/events", staff(sms.RightAdmin), s.killEvents},
		{"POST", "/staff/kill/lift", staff(sms.RightAdmin), s.liftStop},
		{"POST", "/staff/kill/release", staff(sms.RightAdmin), s.releaseSession},
		{"POST", "/staff/kill/confirm", staff(sms.RightAdmin), s.confirmDatabase},

		// Gateways.
		{"GET", "/staff/gateways", staff(sms.RightAdmin), s.gateways},
		{"GET", "/staff/gateways/events", staff(sms.RightAdmin), s.gatewaysEvents},
		{"GET", "/staff/gateways/new", staff(sms.RightAdmin), s.newGatewayPage},
		{"POST", "/staff/gateways/new", staff(sms.RightAdmin), s.addGateway},
		{"GET", "/staff/gateways/{gateway}", staff(sms.RightAdmin), s.gateway},
		{"GET", "/staff/gateways/{gateway}/events", staff(sms.RightAdmin), s.gatewayEvents},
		{"GET", "/staff/gateways/{gateway}/settings", staff(sms.RightAdmin), s.gatewaySettingsPage},
		{"POST", "/staff/gateways/{gateway}/settings", staff(sms.RightAdmin), s.changeGateway},
		{"GET", "/staff/gateways/{gateway}/stop", staff(sms.RightAdmin), s.stopGatewayPage},
		{"POST", "/staff/gateways/{gateway}/stop", staff(sms.RightAdmin), s.stopGateway},
		{"POST", "/staff/gateways/{gateway}/resume", staff(sms.RightAdmin), s.resumeGateway},
		{"GET", "/staff/gateways/{gateway}/move", staff(sms.RightAdmin), s.moveWaitingPage},
		{"POST", "/staff/gateways/{gateway}/move", staff(sms.RightAdmin), s.moveWaiting},
		{"GET", "/staff/gateways/{gateway}/try", staff(sms.RightAdmin), s.tryGatewayPage},
		{"POST", "/staff/gateways/{gateway}/try", staff(sms.RightAdmin), s.tryGateway},
		{"GET", "/staff/gateways/{gateway}/unknown", staff(sms.RightAdmin), s.decideUnknownPage},
		{"POST", "/staff/gateways/{gateway}/unknown", staff(sms.RightAdmin), s.decideUnknown},
		{"GET", "/staff/gateways/{gateway}/trace", staff(sms.RightAdmin), s.gatewayTrace},
		{"POST", "/staff/gateways/{gateway}/trace", staff(sms.RightAdmin), s.askTrace},

		// Moderators.
		{"GET", "/staff/queue", staff(sms.RightReview), s.queue},
		{"GET", "/staff/mine", staff(sms.RightReview), s.mine},
		{"GET", "/staff/decided", staff(sms.RightReview), s.decided},
		{"GET", "/staff/reviews/{session}", staff(sms.RightReview), s.review},
		{"POST", "/staff/reviews/{session}", staff(sms.RightReview), s.decideReview},
		{"POST", "/staff/reviews/{session}/release", staff(sms.RightReview), s.releaseReview},

		// Staff.
		{"GET", "/staff/audit", staff(sms.RightAdmin), s.staffAuditLog},
		{"GET", "/staff/more", staff(""), s.more},
	}
}

// contactRoutes are the addresses of lists, people and their import.
func (s *Server) contactRoutes() []route {
	return []route{
		// Contacts: lists and people.
		{"GET", "/a/{slug}/contacts", member(sms.RightSee), s.contacts},
		{"GET", "/a/{slug}/contacts/lists/new", member(sms.RightContacts), s.newListPage},
		{"POST", "/a/{slug}/contacts/lists/new", member(sms.RightContacts), s.newList},
		{"GET", "/a/{slug}/contacts/lists/{list}", member(sms.RightSee), s.list},
		{"POST", "/a/{slug}/contacts/lists/{list}", member(sms.RightContacts), s.renameList},
		{"GET", "/a/{slug}/contacts/lists/{list}/delete", member(sms.RightContacts), s.deleteListPage},
		{"POST", "/a/{slug}/contacts/lists/{list}/delete", member(sms.RightContacts), s.deleteList},
		{"GET", "/a/{slug}/contacts/people/{person}", member(sms.RightSee), s.person},
		{"POST", "/a/{slug}/contacts/people/{person}", member(sms.RightContacts), s.changePerson},
		{"GET", "/a/{slug}/contacts/people/{person}/remove", member(sms.RightContacts), s.removePage},
		{"POST", "/a/{slug}/contacts/people/{person}/remove", member(sms.RightContacts), s.remove},
		{"GET", "/a/{slug}/contacts/people/{person}/exclude", member(sms.RightContacts), s.excludePage},
		{"POST", "/a/{slug}/contacts/people/{person}/exclude", member(sms.RightContacts), s.exclude},

		// Who is never written to, and what people answered.
		{"GET", "/a/{slug}/opt-outs", member(sms.RightSee), s.optOuts},
		{"GET", "/a/{slug}/opt-outs/add", member(sms.RightContacts), s.leaveOutPage},
		{"POST", "/a/{slug}/opt-outs/add", member(sms.RightContacts), s.leaveOut},
		{"GET", "/a/{slug}/opt-outs/replies", member(sms.RightSee), s.replies},
		{"POST", "/a/{slug}/opt-outs/replies/{reply}", member(sms.RightContacts), s.decideReply},
		{"GET", "/a/{slug}/opt-outs/numbers/{number}", member(sms.RightSee), s.leftOut},
		{"POST", "/a/{slug}/opt-outs/numbers/{number}", member(sms.RightSend), s.readmit},

		// The import of people.
		{"GET", "/a/{slug}/contacts/import", member(sms.RightContacts), s.importPage},
		{"POST", "/a/{slug}/contacts/import", member(sms.RightContacts), s.startImport},
		{"GET", "/a/{slug}/contacts/import/{import}", member(sms.RightContacts), s.imported},
		{"GET", "/a/{slug}/contacts/import/{import}/events", member(sms.RightContacts), s.importEvents},
		{"GET", "/a/{slug}/contacts/import/{import}/columns", member(sms.RightContacts), s.importColumnsPage},
		{"POST", "/a/{slug}/contacts/import/{import}/columns", member(sms.RightContacts), s.setImportColumns},
		{"POST", "/a/{slug}/contacts/import/{import}/confirm", member(sms.RightContacts), s.confirmImport},
		{"POST", "/a/{slug}/contacts/import/{import}/cancel", member(sms.RightContacts), s.cancelImport},
		{"GET", "/a/{slug}/contacts/import/{import}/rejects", member(sms.RightContacts), s.importRejects},
	}
}
