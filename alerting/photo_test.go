package alerting_test

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"strings"
	"testing"

	"shouwang/alerting"
)

func jpegOf(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segment puts one behind the start of the picture.
func segment(picture []byte, marker byte, text string) []byte {
	head := []byte{0xFF, marker, byte((len(text) + 2) >> 8), byte(len(text) + 2)}
	return append(append(append(append([]byte{}, picture[:2]...), head...), text...), picture[2:]...)
}

func TestAPhotoLosesWhatTheCameraWroteBesideIt(t *testing.T) {
	plain := jpegOf(t, 50, 40)
	dirty := segment(segment(segment(plain, 0xE1, "Exif\x00\x00 place of the phone"), 0xFE, "comment: secret"), 0xE2, "profile")
	dirty = append(dirty, "hidden behind the end"...)
	clean, size, err := alerting.CleanJPEG(dirty)
	if err != nil || size.Width != 50 || size.Height != 40 {
		t.Fatalf("%v %v", size, err)
	}
	if !bytes.Equal(clean, plain) {
		t.Error("the picture is another one, or says more than it should")
	}
	adobe := segment(plain, 0xEE, "Adobe: colours")
	if kept, _, err := alerting.CleanJPEG(adobe); err != nil || !bytes.Equal(kept, adobe) {
		t.Errorf("what the colours mean is gone: %v", err)
	}
}

func TestWhatIsNoPhoto(t *testing.T) {
	plain := jpegOf(t, 50, 40)
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("<script>"), "PNG": []byte("\x89PNG\r\n\x1a\n"), "cut off in its head": plain[:60],
		"too many pixels": jpegOf(t, 4100, 2), "too large": append(append([]byte{}, plain...), make([]byte, alerting.MaxPhoto)...),
	} {
		var wrong *alerting.InputError
		if _, _, err := alerting.CleanJPEG(b); !errors.As(err, &wrong) || wrong.Field != "photo" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCleanJPEG(f *testing.F) {
	f.Add(jpegOf(f, 8, 8))
	f.Add(segment(jpegOf(f, 8, 8), 0xE1, "Exif"))
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		clean, _, err := alerting.CleanJPEG(b)
		if err != nil {
			return
		}
		if len(clean) > len(b) {
			t.Errorf("%d bytes became %d", len(b), len(clean))
		}
		if _, err := jpeg.DecodeConfig(bytes.NewReader(clean)); err != nil {
			t.Errorf("is no picture any more: %v", err)
		}
		again, _, err := alerting.CleanJPEG(clean)
		if err != nil || !bytes.Equal(again, clean) {
			t.Errorf("not clean after one time: %v", err)
		}
	})
}

func TestCodesAsTheyAreTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"https://x.example/field?door=AB12CD34EF": "AB12CD34EF", " ab12-cd34 ef": "AB12CD34EF", "": "", "门": "", "x?door=": "",
	} {
		if got := alerting.DoorCode(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	if strings.ToUpper(alerting.DoorCode("a")) != "A" {
		t.Error("letters are lost")
	}
}
