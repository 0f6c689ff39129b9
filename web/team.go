package web

import (
	"net/http"

	"tidings/internal/sms"
	"tidings/web/view"
)

// settings leads to the first of its pages.
func (s *Server) settings(w http.ResponseWriter, r *http.Request) error {
	return Redirect(w, r, "/a/"+visit(r).Tenant.Slug+"/settings/team")
}

// team is who works in the account, and what each role may do.
func (s *Server) team(w http.ResponseWriter, r *http.Request) error {
	v := visit(r)
	members, err := s.App.Team(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	p := view.TeamProps{Account: v.Tenant.Name, Tabs: settingsTabs(v, "team")}
	for _, m := range members {
		p.Members = append(p.Members, view.TeamMember{Name: m.Name, Email: m.Email, Role: m.Role.Words(), You: m.User == v.Actor.User})
	}
	for _, role := range sms.Roles {
		line := view.RoleLine{Role: role.Words()}
		for _, right := range roleRights {
			line.May = append(line.May, role.Has(right))
		}
		p.Roles = append(p.Roles, line)
	}
	return s.page(w, r, http.StatusOK, "Team", "settings", view.Team(p))
}

// roleRights stand in the order of view.RoleRights.
var roleRights = []sms.Right{
	sms.RightSee, sms.RightNumbers, sms.RightContacts, sms.RightCompose, sms.RightSend, sms.RightReload, sms.RightSettings,
}

func settingsTabs(v sms.Visit, current string) []view.Link {
	return view.SettingsTabs(v.Tenant.Slug, current, v.Actor.Can(sms.RightSettings))
}
