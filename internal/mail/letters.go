package mail

import (
	"context"
	"fmt"
)

// SendInvitation asks somebody to join a website's team.
func (p *Post) SendInvitation(_ context.Context, to, invitedBy, website, link string) error {
	return p.Send(Letter{
		To: to, Subject: fmt.Sprintf("%s invites you to the analytics of %s", invitedBy, website),
		Text: fmt.Sprintf(`%s invites you to see the analytics of %s.

Open this link to accept. It works for seven days:

%s

If you do not know why you got this, ignore it.
`, invitedBy, website, link),
	})
}

// SendReset gives somebody a link for a new password.
func (p *Post) SendReset(_ context.Context, to, link string) error {
	return p.Send(Letter{
		To: to, Subject: "A new password for your analytics account",
		Text: fmt.Sprintf(`Somebody, hopefully you, asked for a new password.

Open this link to set one. It works once, for one hour:

%s

If it was not you, ignore it: nothing has changed.
`, link),
	})
}
