package app

import (
	"context"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// quote counts what a text costs for everybody in the audience, exactly (D25): people with the same
// country and the same values of the merge fields get the same message, so each such group is rendered
// and measured once.
func (a *App) quote(ctx context.Context, tx *postgres.Tx, aud sms.Audience, text sms.Text, kind string, prices map[string]sms.Credits) (sms.Quote, error) {
	groups, counts, err := tx.AudienceGroups(ctx, aud, text.Fields())
	if err != nil {
		return sms.Quote{}, err
	}
	q := sms.NewQuote(text, kind, prices, groups)
	q.LeftOut = counts
	return q, nil
}
