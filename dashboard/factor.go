package dashboard

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/pquerna/otp"

	"shouwang/dashboard/access"
)

type codeIn struct {
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"40" doc:"Of the authenticator app, or, where one is set up, a recovery code."`
	}
}

type enrolment struct {
	Secret string `json:"secret" doc:"To be typed into the app where its camera cannot be used."`
	URL    string `json:"url" doc:"otpauth://, what the QR code holds."`
	QR     string `json:"qr" doc:"The QR code as a data: URL of a PNG."`
}

type recoveryOut struct {
	Codes []string `json:"recovery_codes" doc:"Shown once. Each stands in for the app one time."`
}

type ownPasswordIn struct {
	Body struct {
		Password    string `json:"password" doc:"The present one."`
		NewPassword string `json:"new_password" doc:"8 to 256 bytes."`
	}
}

// qrPixels is the side of the QR code.
const qrPixels = 240

func (d *Dashboard) serveFactor() {
	users := d.opts.Access
	limit := func(op *huma.Operation) { op.MaxBodyBytes = 4 << 10 }
	add(d, "get-factor", "How the caller's account stands with its authenticator app", func(ctx context.Context, _ *struct{}) (*body[access.Factor], error) {
		f, err := users.Factor(ctx, caller(ctx).User)
		return &body[access.Factor]{f}, err
	})
	add(d, "begin-factor", "Begin to set up an authenticator app; it counts once a code is confirmed", func(ctx context.Context, _ *struct{}) (*body[enrolment], error) {
		if err := d.notDemo(); err != nil {
			return nil, err
		}
		e, err := users.BeginFactor(ctx, caller(ctx).User)
		if err != nil {
			return nil, err
		}
		qr, err := qrCode(e.URL)
		if err != nil {
			return nil, err
		}
		return &body[enrolment]{enrolment{Secret: e.Secret, URL: e.URL, QR: qr}}, nil
	}, status(http.StatusCreated))
	add(d, "confirm-factor", "Confirm the app by a code; answers the recovery codes once", func(ctx context.Context, in *codeIn) (*body[recoveryOut], error) {
		return d.recovery(ctx, "confirm-factor", func(user string) ([]string, error) { return users.ConfirmFactor(ctx, user, in.Body.Code) })
	}, limit)
	add(d, "new-recovery-codes", "New recovery codes; the old ones stop working", func(ctx context.Context, in *codeIn) (*body[recoveryOut], error) {
		return d.recovery(ctx, "new-recovery-codes", func(user string) ([]string, error) { return users.NewRecoveryCodes(ctx, user, in.Body.Code) })
	}, limit)
	add(d, "remove-factor", "Remove the app, to set up another", func(ctx context.Context, in *codeIn) (*none, error) {
		if err := d.notDemo(); err != nil {
			return nil, err
		}
		if err := users.RemoveFactor(ctx, caller(ctx).User, in.Body.Code); err != nil {
			return nil, codeProblem(err)
		}
		d.audit(ctx, "remove-factor", caller(ctx).User, "", "")
		return nil, nil
	}, limit, status(http.StatusNoContent))
	add(d, "change-own-password", "Change one's own password; ends all sessions of the account", func(ctx context.Context, in *ownPasswordIn) (*none, error) {
		if err := d.notDemo(); err != nil {
			return nil, err
		}
		user := caller(ctx).User
		if err := users.CheckOwnPassword(ctx, user, in.Body.Password); err != nil {
			return nil, codeProblem(err)
		}
		if err := users.SetPassword(ctx, user, in.Body.NewPassword); err != nil {
			return nil, err
		}
		d.hub.recheck()
		d.audit(ctx, "change-own-password", user, "", "")
		return nil, nil
	}, limit, status(http.StatusNoContent))
}

// notDemo keeps what guards the demo's accounts, which all share.
func (d *Dashboard) notDemo() error {
	if d.opts.Demo {
		return newProblem(http.StatusConflict, "the demo's accounts stay as they are")
	}
	return nil
}

func (d *Dashboard) recovery(ctx context.Context, action string, do func(user string) ([]string, error)) (*body[recoveryOut], error) {
	if err := d.notDemo(); err != nil {
		return nil, err
	}
	codes, err := do(caller(ctx).User)
	if err != nil {
		return nil, codeProblem(err)
	}
	d.audit(ctx, action, caller(ctx).User, "", "")
	return &body[recoveryOut]{recoveryOut{Codes: codes}}, nil
}

// codeProblem keeps a wrong code or password of somebody who is signed in from
// looking like a session that has ended.
func codeProblem(err error) error {
	switch {
	case errors.Is(err, access.ErrCode):
		return invalid("code", "", "is wrong, or was used before")
	case errors.Is(err, access.ErrSignIn):
		return invalid("password", "", "is wrong")
	}
	return err
}

func qrCode(url string) (string, error) {
	key, err := otp.NewKeyFromURL(url)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	picture, err := key.Image(qrPixels, qrPixels)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data.Bytes()), nil
}
