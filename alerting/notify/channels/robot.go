package channels

import (
	"context"
	"encoding/json"
	"fmt"

	"shouwang/alerting/notify"
)

// robot is what the group robots share: a JSON body posted to an address that is
// itself a secret, and an answer of status 200 whose body says whether it was
// taken.
type robot struct {
	post *poster
	hide []string
}

// reply is the part of a robot's answer that all of them have under some name.
type reply struct {
	code   int
	detail string
}

// readErrcode reads the answer of WeCom's and DingTalk's robots.
func readErrcode(b []byte) (reply, bool) {
	var r struct {
		Code   *int   `json:"errcode"`
		Detail string `json:"errmsg"`
	}
	if json.Unmarshal(b, &r) != nil || r.Code == nil {
		return reply{}, false
	}
	return reply{*r.Code, r.Detail}, true
}

// send posts the body and returns the robot's own code. Answers that are not the
// robot's are an error.
func (r *robot) send(ctx context.Context, address, to string, body any, read func([]byte) (reply, bool)) (reply, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return reply{}, &notify.RefusedError{Detail: fmt.Sprintf("write body: %v", err)}
	}
	req, err := jsonRequest(ctx, address, raw)
	if err != nil {
		return reply{}, err
	}
	a, err := r.post.do(req)
	if err != nil {
		return reply{}, err
	}
	// A robot says what it does not like with status 200 or 400, so its own
	// code comes first.
	said, ok := read(a.body)
	said.detail = words(said.detail, append(r.hide, to)...)
	if ok && (a.status < 300 || said.code != 0) && a.status < 500 && a.status != 429 {
		return said, nil
	}
	if err := r.post.judge(a, said.detail); err != nil {
		return reply{}, err
	}
	return reply{}, fmt.Errorf("status %d, but the answer is not the robot's", a.status)
}

// refuse makes the error of a code that no repetition mends.
func (r reply) refuse() error {
	return &notify.RefusedError{Detail: r.String()}
}

func (r reply) String() string { return fmt.Sprintf("code %d: %s", r.code, r.detail) }
