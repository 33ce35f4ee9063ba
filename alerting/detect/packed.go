package detect

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// packed is bytes as a string of JSON, as states save what is many and small.
func packed(b []byte) []byte {
	return fmt.Appendf(nil, "%q", base64.RawStdEncoding.EncodeToString(b))
}

// unpacked is the inverse of packed.
func unpacked(text []byte) ([]byte, error) {
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return nil, err
	}
	return base64.RawStdEncoding.DecodeString(word)
}
