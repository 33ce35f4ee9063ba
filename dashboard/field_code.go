package dashboard

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image/png"
	"net/url"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

type doorCodeIn struct {
	ByID
	Fresh  bool   `query:"fresh" doc:"Another one than is there; the old one proves nothing any more."`
	Origin string `query:"origin" maxLength:"200" doc:"Address of the service as phones know it, https://host[:port]: with it the answer has the QR code."`
}

type doorCodeOut struct {
	Code string `json:"code"`
	Path string `json:"path" doc:"What the QR code at the door says, after the address of the service."`
	QR   string `json:"qr,omitempty" doc:"The picture to print, as a data: address of a PNG."`
}

// qrSide is the side of the picture in pixels: 5 cm at 300 dpi.
const qrSide = 600

func (d *Dashboard) makeDoorCode(ctx context.Context, in *doorCodeIn) (*body[doorCodeOut], error) {
	r, err := d.resident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Origin != "" {
		u, err := url.Parse(in.Origin)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" || u.RawQuery != "" {
			return nil, invalid("origin", in.Origin, "must be https://host[:port]")
		}
	}
	h, err := d.opts.Desk.NewDoorCode(ctx, r.ID, actor(ctx), in.Fresh)
	if err != nil {
		return nil, err
	}
	out := doorCodeOut{Code: h.DoorCode, Path: "/field?door=" + h.DoorCode}
	if in.Origin != "" {
		if out.QR, err = qrOf(in.Origin + out.Path); err != nil {
			return nil, err
		}
	}
	d.audit(ctx, "make-door-code", r.ID, r.Area, "")
	return &body[doorCodeOut]{out}, nil
}

// qrOf is a QR code that is still read with a quarter of it scratched off.
func qrOf(text string) (string, error) {
	code, err := qr.Encode(text, qr.Q, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("make QR code: %w", err)
	}
	if code, err = barcode.Scale(code, qrSide, qrSide); err != nil {
		return "", fmt.Errorf("make QR code: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code); err != nil {
		return "", fmt.Errorf("make QR code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
