package api

import (
	"context"
	"net/url"

	"datafast/internal/auth"
	"datafast/internal/fault"
	"datafast/internal/field"
)

// Limits of the device login for one address, a minute.
const (
	deviceStarts = 10
	devicePolls  = 60
)

type deviceBody struct {
	Program Opt[string] `json:"program,omitzero" doc:"What asks, as the person shall see it; at most 100 characters"`
}

type deviceRow struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete" doc:"The same page with the code filled in"`
	ExpiresIn               int    `json:"expires_in" doc:"Seconds"`
	Interval                int    `json:"interval" doc:"Seconds between two questions"`
}

type deviceCodeBody struct {
	DeviceCode Opt[string] `json:"device_code"`
}

type deviceTokenRow struct {
	Token       string   `json:"token" doc:"The raw value, this once"`
	DisplayKey  string   `json:"displayKey"`
	Permissions []string `json:"permissions"`
	WebsiteIDs  []string `json:"websiteIds"`
}

type waitingDeviceRow struct {
	UserCode  string `json:"userCode"`
	Program   string `json:"program"`
	AskedFrom string `json:"askedFrom" doc:"Address of the program"`
	CreatedAt string `json:"createdAt"`
	ExpiresAt string `json:"expiresAt"`
}

func (a *Account) deviceRoutes() []Route {
	open, mine := auth.Rule{Kinds: auth.Anonymous}, auth.Rule{Kinds: auth.Session}
	const device = "/api/app/devices/{userCode}"
	return []Route{
		{Method: "POST", Path: "/api/cli/device", Rule: open, Handle: a.startDevice, Doc: Doc{
			ID: "startDeviceLogin", Tag: "Device login", Summary: "Start the login of a program without a browser",
			Description: "Show `user_code` and `verification_uri` to the person, then ask for the token every `interval` seconds. 10 starts a minute and address.",
			Body:        deviceBody{}, Data: deviceRow{}, BodyExample: `{"program":"datafast on build-7"}`,
		}},
		{Method: "POST", Path: "/api/cli/device/token", Rule: open, Handle: a.fetchDeviceToken, Doc: Doc{
			ID: "fetchDeviceToken", Tag: "Device login", Summary: "Fetch the token of an approved login, once",
			Description: "Until it is approved: 400 with `error.reason` `authorization_pending` or `slow_down`; in vain: `access_denied` or `expired_token`.",
			Body:        deviceCodeBody{}, Data: deviceTokenRow{},
		}},
		{Method: "GET", Path: device, Rule: mine, Handle: a.waitingDevice, Doc: Doc{
			ID: "getDevice", Tag: "Dashboard", Summary: "A program that waits for its login", Data: waitingDeviceRow{},
		}},
		{Method: "POST", Path: device, Rule: mine, Handle: a.approveDevice, Doc: Doc{
			ID: "approveDevice", Tag: "Dashboard", Summary: "Approve the login of a program", Body: tokenBody{}, Data: nothing{},
		}},
		{Method: "DELETE", Path: device, Rule: mine, Handle: a.denyDevice, Doc: Doc{
			ID: "denyDevice", Tag: "Dashboard", Summary: "Deny the login of a program", Data: deletedRow{},
		}},
	}
}

func (a *Account) startDevice(ctx context.Context, r *Request) (*Response, error) {
	if v := a.deviceStarts.take(limitKey(r.From())); !v.ok {
		return nil, a.tooMany(v)
	}
	var body deviceBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	program, err := field.Line("program", body.Program.Value, 0, 100)
	if err != nil {
		return nil, err
	}
	dev, code, err := a.Devices.Start(ctx, program, r.From())
	if err != nil {
		return nil, err
	}
	page := a.BaseURL + "/device"
	return OK(deviceRow{
		DeviceCode: code, UserCode: dev.UserCode, VerificationURI: page,
		VerificationURIComplete: page + "?code=" + url.QueryEscape(dev.UserCode),
		ExpiresIn:               int(auth.DeviceLifetime.Seconds()), Interval: int(auth.DeviceInterval.Seconds()),
	}), nil
}

func (a *Account) fetchDeviceToken(ctx context.Context, r *Request) (*Response, error) {
	if v := a.devicePolls.take(limitKey(r.From())); !v.ok {
		return nil, a.tooMany(v)
	}
	var body deviceCodeBody
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	c, secret, err := a.Devices.Fetch(ctx, body.DeviceCode.Value)
	if err != nil {
		return nil, err
	}
	return OK(deviceTokenRow{secret, c.DisplayKey, nonNil(c.Granted), nonNil(c.WebsiteIDs)}), nil
}

// deviceByPerson does something with a login whose code a person typed; wrong
// codes count as failed sign-ins of that person.
func (a *Account) deviceByPerson(r *Request, do func(code string) error) error {
	key := "device " + r.Principal.UserID
	if v := a.signInByIP.peek(key); !v.ok {
		return a.tooMany(v)
	}
	err := do(r.Path("userCode"))
	if err != nil && fault.CodeOf(err) == fault.CodeNotFound {
		a.signInByIP.take(key)
	}
	return err
}

func (a *Account) waitingDevice(ctx context.Context, r *Request) (*Response, error) {
	var dev auth.Device
	err := a.deviceByPerson(r, func(code string) (err error) {
		dev, err = a.Devices.Waiting(ctx, code)
		return err
	})
	if err != nil {
		return nil, err
	}
	return OK(waitingDeviceRow{dev.UserCode, dev.Program, dev.AskedFrom, Stamp(dev.CreatedAt), Stamp(dev.ExpiresAt)}), nil
}

func (a *Account) approveDevice(ctx context.Context, r *Request) (*Response, error) {
	n, err := r.newToken()
	if err != nil {
		return nil, err
	}
	err = a.deviceByPerson(r, func(code string) error { return a.Devices.Approve(ctx, r.Principal, r.From(), code, n) })
	return OK(nothing{}), err
}

func (a *Account) denyDevice(ctx context.Context, r *Request) (*Response, error) {
	err := a.deviceByPerson(r, func(code string) error { return a.Devices.Deny(ctx, r.Principal, code) })
	return OK(deletedRow{true}), err
}
