package account

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"image/png"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"datafast/internal/audit"
	"datafast/internal/fault"
)

// recoveryCodes is how many codes stand in for a lost authenticator.
const recoveryCodes = 10

// codeStep is the length of a time step of the second factor (RFC 6238).
const codeStep = 30 * time.Second

// Enrolment is what an authenticator app needs to know.
type Enrolment struct {
	Secret string // base32
	URL    string // otpauth://totp/…
	QR     []byte // PNG of the URL
}

// StartTOTP makes a secret that waits for ConfirmTOTP; a conflict when a second
// factor is in force.
func (p *People) StartTOTP(ctx context.Context, userID, password, issuer string) (Enrolment, error) {
	u, err := p.store.User(ctx, userID)
	if err != nil {
		return Enrolment{}, err
	}
	s, err := p.confirm(ctx, userID, password)
	if err != nil {
		return Enrolment{}, err
	}
	if u.TOTP {
		return Enrolment{}, fault.New(fault.CodeConflict, "A second factor is on already; switch it off first")
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: u.Email})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make a TOTP secret: %w", err)
	}
	s.TOTPPending = key.Secret()
	if err := p.store.SetTOTP(ctx, userID, s); err != nil {
		return Enrolment{}, err
	}
	qr, err := drawQR(key)
	return Enrolment{Secret: key.Secret(), URL: key.URL(), QR: qr}, err
}

func drawQR(key *otp.Key) ([]byte, error) {
	img, err := key.Image(240, 240)
	if err != nil {
		return nil, fmt.Errorf("draw the QR code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("draw the QR code: %w", err)
	}
	return b.Bytes(), nil
}

// ConfirmTOTP puts the waiting secret in force with its first code and returns
// new recovery codes.
func (p *People) ConfirmTOTP(ctx context.Context, userID, code string) ([]string, error) {
	s, err := p.store.Secrets(ctx, userID)
	if err != nil {
		return nil, err
	}
	step, ok := matchCode(s.TOTPPending, code, p.now())
	if s.TOTPPending == "" || !ok {
		return nil, fault.Invalid("code", "is not the app's current code; check the clock of the device and try the next one")
	}
	s = Secrets{TOTPSecret: s.TOTPPending, TOTPLastStep: step}
	return p.changeTOTP(ctx, userID, "totp.enable", func(ctx context.Context) error { return p.store.SetTOTP(ctx, userID, s) })
}

// NewRecoveryCodes replaces all recovery codes; a conflict when no second factor
// is in force.
func (p *People) NewRecoveryCodes(ctx context.Context, userID, password string) ([]string, error) {
	s, err := p.confirm(ctx, userID, password)
	if err != nil {
		return nil, err
	}
	if s.TOTPSecret == "" {
		return nil, fault.New(fault.CodeConflict, "There is no second factor; switch it on first")
	}
	return p.changeTOTP(ctx, userID, "totp.recovery_codes", func(context.Context) error { return nil })
}

// changeTOTP does a change and gives new recovery codes in one transaction.
func (p *People) changeTOTP(ctx context.Context, userID, action string, do func(ctx context.Context) error) ([]string, error) {
	codes := make([]string, recoveryCodes)
	hashes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		hashes[i] = hashSecret(plainCode(codes[i]))
	}
	err := p.store.InTx(ctx, func(ctx context.Context) error {
		if err := do(ctx); err != nil {
			return err
		}
		if err := p.store.SetRecoveryCodes(ctx, userID, hashes); err != nil {
			return err
		}
		return p.log.Record(ctx, audit.Change{Action: action, UserID: userID})
	})
	return codes, err
}

// StopTOTP switches the second factor off.
func (p *People) StopTOTP(ctx context.Context, userID, password string) error {
	if _, err := p.confirm(ctx, userID, password); err != nil {
		return err
	}
	return p.store.InTx(ctx, func(ctx context.Context) error {
		if err := p.store.SetTOTP(ctx, userID, Secrets{}); err != nil {
			return err
		}
		if err := p.store.SetRecoveryCodes(ctx, userID, nil); err != nil {
			return err
		}
		return p.log.Record(ctx, audit.Change{Action: "totp.disable", UserID: userID})
	})
}

// secondFactor accepts a current code that was not used before, or a recovery
// code, which is then used up.
func (p *People) secondFactor(ctx context.Context, u *User, s Secrets, code string) (bool, error) {
	if step, ok := matchCode(s.TOTPSecret, code, p.now()); ok {
		return p.store.UseTOTPStep(ctx, u.ID, step)
	}
	return p.store.UseRecoveryCode(ctx, u.ID, hashSecret(plainCode(code)))
}

// matchCode finds the time step, now or one before or after, whose code is the
// given one.
func matchCode(secret, code string, now time.Time) (step int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	for _, at := range []time.Time{now, now.Add(-codeStep), now.Add(codeStep)} {
		want, err := totp.GenerateCode(secret, at)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return at.Unix() / int64(codeStep/time.Second), true
		}
	}
	return 0, false
}

// newRecoveryCode makes 50 random bits as "xxxxx-xxxxx".
func newRecoveryCode() string {
	s := strings.ToLower(base32.StdEncoding.EncodeToString(randomBytes(7)))[:10]
	return s[:5] + "-" + s[5:]
}

// plainCode is a recovery code as it is hashed, however it was typed.
func plainCode(code string) string {
	return strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
}
