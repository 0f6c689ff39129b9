// Package view draws pages. Components are templ functions over plain Go values: they ask nobody and decide
// nothing. A page is one call of Page with a Shell around it:
//
//	@view.Page(view.PageProps{Title: "Credits", Theme: theme, Shell: shell}) {
//		@view.Head(view.HeadProps{Title: "Credits", Crumbs: []view.Link{{Label: "Nordfare", Href: "/a/nordfare"}}}) {
//			@view.Button(view.ButtonProps{Kind: view.Primary, Label: "Ask for a reload", Href: "/a/nordfare/credits/reload"})
//		}
//		@view.Cols("History", margin()) {
//			@view.Row("Balance", "What you can use") { … }
//		}
//	}
//
// A form that spans both columns writes the grid itself: <form class="cols" method="post"> with
// <div class="work"> and <aside class="margin" aria-label="…"><div class="stick">.
// No template has an inline style, an inline script or an event attribute: the content security policy
// refuses them. Widths of bars are attributes of SVG shapes.
package view
