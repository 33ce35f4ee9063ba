package alerting

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
)

// MaxPhoto is the largest photo that is taken, in bytes, and maxSide the longest
// side in pixels; phones make theirs smaller before they send it.
const (
	MaxPhoto = 1 << 20
	maxSide  = 4096
)

// The markers of JPEG segments that matter here.
const (
	jpegSOS  = 0xDA
	jpegAPP0 = 0xE0 // JFIF
	jpegAPPE = 0xEE // Adobe: how the colours are meant
	jpegAPPF = 0xEF
	jpegCOM  = 0xFE
)

// CleanJPEG returns the picture without what cameras write beside it (place, time,
// make, thumbnails, comments), and its size. What is no JPEG picture, or too
// large, is an *InputError.
func CleanJPEG(b []byte) ([]byte, image.Config, error) {
	bad := func(rule string) ([]byte, image.Config, error) {
		return nil, image.Config{}, &InputError{Field: "photo", Rule: rule}
	}
	if len(b) > MaxPhoto {
		return bad("must have at most 1 MiB")
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return bad("must be a JPEG picture")
	}
	if size.Width > maxSide || size.Height > maxSide {
		return bad("must have at most 4096 pixels on each side")
	}
	out := append(make([]byte, 0, len(b)), b[:2]...)
	for i := 2; i < len(b); {
		if b[i] != 0xFF {
			return bad("must be a JPEG picture: a segment is missing")
		}
		if i+1 < len(b) && b[i+1] == 0xFF { // fill bytes
			i++
			continue
		}
		if i+4 > len(b) {
			return bad("must be a JPEG picture: it is cut off")
		}
		marker, end := b[i+1], i+2+int(binary.BigEndian.Uint16(b[i+2:]))
		if end > len(b) || end < i+4 {
			return bad("must be a JPEG picture: it is cut off")
		}
		if keep := marker != jpegCOM && (marker < jpegAPP0 || marker > jpegAPPF || marker == jpegAPP0 || marker == jpegAPPE); keep {
			out = append(out, b[i:end]...)
		}
		if marker == jpegSOS {
			return append(out, picture(b[end:])...), size, nil
		}
		i = end
	}
	return bad("must be a JPEG picture: there is nothing in it")
}

// picture is what follows the first scan's head, up to the end of the picture:
// nothing is hidden behind it. Scans of a progressive picture follow each other
// with tables between, none of which holds metadata.
func picture(b []byte) []byte {
	if i := bytes.Index(b, []byte{0xFF, 0xD9}); i >= 0 {
		return b[:i+2]
	}
	return b
}
