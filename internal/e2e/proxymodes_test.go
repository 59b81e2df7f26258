package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// What becomes of a poll through a spoiled answer.
const (
	unharmed    = "unharmed"       // it is complete, and the store is what it should be
	quarantine  = "quarantined"    // one story is left out and shown, the others are stored
	short       = "comments_short" // the story is stored, and it is shown that comments are missing
	failsAs     = "fails: "        // and the reason
	noSuchMode  = ""               // this kind of Jira has no such answer
	megabyte    = 1 << 20
	beyondReply = 40 * megabyte // more than is read of a reply
)

// proxyMode is a way in which a proxy spoils answers, and what becomes of the poll on
// each kind of Jira.
type proxyMode struct {
	name              string
	cloud, dataCenter string
	spoil             func(*exchange)
}

// both is a mode that is the same on both kinds of Jira.
func both(name, outcome string, spoil func(*exchange)) proxyMode {
	return proxyMode{name, outcome, outcome, spoil}
}

// proxyModes is the table of all modes.
func proxyModes() []proxyMode {
	var all []proxyMode
	for _, part := range [][]proxyMode{clockModes(), echoModes(), sizeModes(), encodingModes(), dateModes(), idModes(), wireModes(), documentModes(), pagingModes()} {
		all = append(all, part...)
	}
	return all
}

// serverTime makes serverInfo say another time.
func serverTime(text string) func(*exchange) {
	return func(x *exchange) {
		if x.is("/serverInfo") {
			x.edit(func(doc map[string]any) { doc["serverTime"] = text })
		}
	}
}

func clockModes() []proxyMode {
	return []proxyMode{
		both("clock: serverTime a year ahead", failsAs+"clock", serverTime("2027-03-02T11:01:00.000+0000")),
		both("clock: serverTime in the year 9999", failsAs+"clock", serverTime("9999-12-31T23:59:59.999+0000")),
		both("clock: serverTime in 1980", failsAs+"clock", serverTime("1980-01-01T00:00:00.000+0000")),
		both("clock: serverTime and Date a year ahead", failsAs+"clock", func(x *exchange) {
			serverTime("2027-03-02T11:01:00.000+0000")(x)
			x.header.Set("Date", "Tue, 02 Mar 2027 11:01:00 GMT")
		}),
		both("clock: Date alone a year ahead", unharmed, func(x *exchange) { x.header.Set("Date", "Tue, 02 Mar 2027 11:01:00 GMT") }),
		both("clock: serverTime is no time", unharmed, serverTime("soon")),
	}
}

func echoModes() []proxyMode {
	escaped := func(s string) string {
		var b strings.Builder
		for _, c := range s {
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		return b.String()
	}
	return []proxyMode{
		both("echo: 401 that repeats the header", failsAs+"unauthorized", func(x *exchange) {
			text, err := json.Marshal(map[string]any{"errorMessages": []string{"bad header Authorization: " + x.request.Header.Get("Authorization")}})
			if err != nil {
				panic(err)
			}
			x.says(401, "application/json", string(text))
		}),
		both("echo: 400 that repeats it escaped, and the token in hex", failsAs+"refused", func(x *exchange) {
			if x.search() {
				x.says(400, "application/json", `{"errorMessages":["`+escaped(x.request.Header.Get("Authorization"))+` 74306b336e"],"errors":{"auth":"t0k3n"}}`)
			}
		}),
		both("echo: a login reason that repeats the token", failsAs+"unauthorized", func(x *exchange) { x.header.Set("X-Seraph-LoginReason", "DENIED for t0k3n") }),
		both("echo: a redirect to another host with the token", failsAs+"bad_reply", func(x *exchange) {
			if x.search() {
				x.header.Set("Location", "https://elsewhere.example/t0k3n?auth="+base64.StdEncoding.EncodeToString([]byte("bot@example.com:t0k3n")))
				x.says(302, "text/html", "t0k3n")
			}
		}),
		both("echo: a label, a status and a name that repeat the token", unharmed+", redacted", func(x *exchange) {
			x.issue(func(issue map[string]any) {
				fields := object(issue, "fields")
				fields["labels"] = []any{"t0k3n", base64.StdEncoding.EncodeToString([]byte("bot@example.com:t0k3n"))}
				object(fields, "creator")["displayName"] = "t0k3n"
			})
		}),
		both("echo: an error of a proxy in HTML", failsAs+"bad_reply", func(x *exchange) {
			if x.search() {
				x.says(200, "text/html; t0k3n", "<p>"+x.request.Header.Get("Authorization"))
			}
		}),
	}
}

// long is a text of a megabyte.
func long() string { return strings.Repeat("long", megabyte/4) }

func sizeModes() []proxyMode {
	return []proxyMode{
		both("size: a story of 40 MiB", quarantine, func(x *exchange) {
			if x.wide() && x.holds() {
				x.pad(beyondReply)
			}
		}),
		{"size: a history of 40 MiB", quarantine, noSuchMode, func(x *exchange) {
			if x.is("/changelog") && (x.holds() || x.is("/issue/N/changelog") && strings.Contains(x.request.URL.Path, x.victim)) {
				x.pad(beyondReply)
			}
		}},
		both("size: every search of 40 MiB", failsAs+"bad_reply", func(x *exchange) {
			if x.search() {
				x.pad(beyondReply)
			}
		}),
		both("size: a list of comments of 40 MiB", quarantine, func(x *exchange) {
			x.issue(func(issue map[string]any) { object(object(issue, "fields"), "comment")["total"] = 400 })
			if x.is("/issue/N/comment") && strings.Contains(x.request.URL.Path, x.victim) {
				x.pad(beyondReply)
			}
		}),
		both("size: a comment of 8 MiB", quarantine, func(x *exchange) {
			x.comments(func(c map[string]any) { c["body"] = strings.Repeat("a\n", 4*megabyte) })
		}),
		both("size: a key of 1 MiB", quarantine, func(x *exchange) { x.issue(func(issue map[string]any) { issue["key"] = "PAY-" + long() }) }),
		both("size: a label of 1 MiB", quarantine, func(x *exchange) { x.field("labels", []any{long()}) }),
		both("size: a status's name of 1 MiB in a history", quarantine, func(x *exchange) {
			x.records(func(r map[string]any) {
				for _, item := range list(r, "items") {
					item["toString"] = long()
				}
			})
		}),
		both("size: a person's name of 1 MiB", unharmed, func(x *exchange) {
			x.issue(func(issue map[string]any) { object(object(issue, "fields"), "creator")["displayName"] = long() })
		}),
		both("size: an account's id of 1 MiB", quarantine, func(x *exchange) {
			x.issue(func(issue map[string]any) {
				creator := object(object(issue, "fields"), "creator")
				creator["accountId"], creator["key"] = long(), long()
			})
		}),
		both("size: names of statuses of 1 MiB", unharmed, func(x *exchange) {
			if strings.HasSuffix(x.what, "/rest/api/2/status") {
				x.reply = bytes.Replace(x.reply, []byte(`"Done"`), []byte(`"`+long()+`"`), 1)
				x.header.Del("Content-Length")
			}
		}),
		both("size: 20,001 records", quarantine, func(x *exchange) {
			many := func(of map[string]any, name string) {
				records := list(of, name)
				if len(records) == 0 {
					return
				}
				var all []any
				for i := range 20_001 {
					r := map[string]any{"id": strconv.Itoa(1_000_000 + i), "created": records[0]["created"], "items": []any{}}
					all = append(all, r)
				}
				of[name] = all
			}
			switch {
			case x.is("/changelog/bulkfetch") && x.holds():
				x.edit(func(doc map[string]any) {
					for _, log := range list(doc, "issueChangeLogs") {
						if log["issueId"] == x.victim {
							many(log, "changeHistories")
						}
					}
				})
			case x.flavor == jirasim.DataCenter:
				x.issue(func(issue map[string]any) {
					log := object(issue, "changelog")
					many(log, "histories")
					log["total"] = 20_001
				})
			}
		}),
		both("size: ten million empty issues", failsAs+"bad_reply", func(x *exchange) {
			if x.search() {
				x.says(200, "application/json", `{"total":1,"issues":[`+strings.Repeat("{},", 10_000_000)+`{}]}`)
			}
		}),
		both("size: a header of 1 MiB", failsAs+"unavailable", func(x *exchange) { x.header.Set("X-Arequestid", long()) }),
		both("size: nested 100,000 deep", failsAs+"bad_reply", func(x *exchange) {
			if x.wide() {
				x.reply = []byte(`{"deep":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "," + string(bytes.TrimSpace(x.reply)[1:]))
				x.header.Del("Content-Length")
			}
		}),
		both("size: nested 5,000 deep in what is not read", unharmed, func(x *exchange) {
			if x.wide() {
				x.reply = []byte(`{"deep":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "," + string(bytes.TrimSpace(x.reply)[1:]))
				x.header.Del("Content-Length")
			}
		}),
	}
}

func encodingModes() []proxyMode {
	key := func(change func(string) string) func(*exchange) {
		return func(x *exchange) {
			x.issue(func(issue map[string]any) { issue["key"] = change(fmt.Sprint(issue["key"])) })
		}
	}
	return []proxyMode{
		both("encoding: UTF-16", failsAs+"bad_reply", func(x *exchange) {
			if x.search() {
				var out bytes.Buffer
				for _, unit := range utf16.Encode([]rune("\ufeff" + string(x.reply))) {
					out.Write([]byte{byte(unit), byte(unit >> 8)})
				}
				x.says(200, "application/json;charset=UTF-16", out.String())
			}
		}),
		both("encoding: a byte order mark", failsAs+"bad_reply", func(x *exchange) {
			if x.search() {
				x.says(200, "application/json", "\ufeff"+string(x.reply))
			}
		}),
		both("encoding: NUL in a key", quarantine, key(func(k string) string { return k + "\x00" })),
		both("encoding: a key that turns the direction of writing", quarantine, key(func(k string) string { return "\u202e" + k })),
		both("encoding: a line end in a key", quarantine, key(func(k string) string { return k + "\nERROR all is lost" })),
		both("encoding: bytes that are no UTF-8 in what is not read", unharmed, func(x *exchange) {
			if x.wide() {
				x.reply = append([]byte("{\"odd\":\"\xff\xfe\","), bytes.TrimSpace(x.reply)[1:]...)
				x.header.Del("Content-Length")
			}
		}),
		both("encoding: NaN in a document", failsAs+"bad_reply", func(x *exchange) {
			if x.search() {
				x.reply = append([]byte(`{"score":NaN,`), bytes.TrimSpace(x.reply)[1:]...)
				x.header.Del("Content-Length")
			}
		}),
		both("encoding: NaN in the headers of the budget", unharmed, func(x *exchange) {
			for _, h := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Interval-Seconds", "X-RateLimit-FillRate", "Retry-After"} {
				x.header.Set(h, "NaN")
			}
		}),
		both("encoding: infinite budgets", unharmed, func(x *exchange) {
			x.header.Set("X-RateLimit-Limit", "+Inf")
			x.header.Set("X-RateLimit-Remaining", "-Inf")
		}),
	}
}

func dateModes() []proxyMode {
	created := func(text string) func(*exchange) { return func(x *exchange) { x.field("created", text) } }
	record := func(text string, ms int64) func(*exchange) {
		return func(x *exchange) {
			x.records(func(r map[string]any) {
				if r["created"] = text; x.flavor == jirasim.Cloud {
					r["created"] = ms
				}
			})
		}
	}
	at := func(year int) int64 { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC).UnixMilli() }
	return []proxyMode{
		both("date: created in 1969", quarantine, created("1969-12-31T23:59:59.999+0000")),
		both("date: created in the year 9999", quarantine, created("9999-12-31T23:59:59.999+0000")),
		both("date: created in the year 0", quarantine, created("0000-01-01T00:00:00.000+0000")),
		both("date: created at no date", quarantine, created("yesterday")),
		both("date: updated in two days", quarantine, func(x *exchange) { x.field("updated", "2026-03-04T14:00:00.000+0000") }),
		both("date: a record of 2099", quarantine, record("2099-06-01T00:00:00.000+0000", at(2099))),
		both("date: a record of 1980", quarantine, record("1980-06-01T00:00:00.000+0000", at(1980))),
		both("date: a record at the last instant of all", quarantine, record("9223372036854775807", 1<<63-1)),
		both("date: a record before the first instant of all", quarantine, record("-9223372036854775808", -1<<63)),
		both("date: a comment of 1970", quarantine, func(x *exchange) {
			x.comments(func(c map[string]any) { c["created"] = "1970-01-01T00:00:00.000+0000" })
		}),
		both("date: a comment edited in 2099", quarantine, func(x *exchange) {
			x.comments(func(c map[string]any) { c["updated"] = "2099-01-01T00:00:00.000+0000" })
		}),
	}
}

func idModes() []proxyMode {
	return []proxyMode{
		both("id: a path in the place of one", quarantine, func(x *exchange) { x.issue(func(issue map[string]any) { issue["id"] = "../../../secret?x=1" }) }),
		both("id: a negative one", quarantine, func(x *exchange) { x.issue(func(issue map[string]any) { issue["id"] = "-5" }) }),
		both("id: one beyond 64 bits", quarantine, func(x *exchange) {
			x.issue(func(issue map[string]any) { issue["id"] = strings.Repeat("9", 40) })
		}),
		both("id: every story twice", unharmed, func(x *exchange) {
			if x.wide() && x.search() {
				x.edit(func(doc map[string]any) {
					issues, ok := doc["issues"].([]any)
					if ok {
						doc["issues"] = append(issues, issues...)
					}
				})
			}
		}),
		both("id: a record's that is no number", quarantine, func(x *exchange) { x.records(func(r map[string]any) { r["id"] = "first" }) }),
	}
}

func wireModes() []proxyMode {
	search := func(f func(*exchange)) func(*exchange) {
		return func(x *exchange) {
			if x.search() {
				f(x)
			}
		}
	}
	zipped := func(text []byte) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		w.Write(text) //nolint:errcheck // a buffer does not fail
		w.Close()     //nolint:errcheck // likewise
		return out.Bytes()
	}
	encoded := func(kind string, text []byte) func(*exchange) {
		return search(func(x *exchange) {
			if text != nil {
				x.reply = text
			}
			x.header.Set("Content-Encoding", kind)
			x.header.Del("Content-Length")
		})
	}
	bomb := zipped(bytes.Repeat([]byte(" "), 64*megabyte))
	return []proxyMode{
		both("redirect: to another host", failsAs+"bad_reply", search(func(x *exchange) {
			x.header.Set("Location", "http://other.example/rest")
			x.says(307, "text/html", "")
		})),
		both("redirect: for ever", failsAs+"bad_reply", search(func(x *exchange) {
			x.header.Set("Location", x.request.URL.Path)
			x.says(307, "text/html", "")
		})),
		both("compression: gzip that is right", unharmed, func(x *exchange) {
			x.header.Set("Content-Encoding", "gzip")
			x.header.Del("Content-Length")
			x.reply = zipped(x.reply)
		}),
		both("compression: a gzip bomb", failsAs+"bad_reply", encoded("gzip", bomb)),
		both("compression: gzip that is cut", failsAs+"unavailable", search(func(x *exchange) {
			x.header.Set("Content-Encoding", "gzip")
			x.header.Del("Content-Length")
			text := zipped(x.reply)
			x.reply = text[:len(text)/2]
		})),
		both("compression: said and not done", failsAs+"unavailable", encoded("gzip", []byte(`{"issues":[]}`))),
		both("compression: one that was not asked for", failsAs+"bad_reply", encoded("br", []byte{0x1b, 0x0a, 0x00, 0xf8})),
		both("drip: a byte a minute", failsAs+"unavailable", search(func(x *exchange) {
			x.write = func(w http.ResponseWriter) {
				w.WriteHeader(200)
				for i := range x.reply {
					w.Write(x.reply[i : i+1])             //nolint:errcheck // the reader went away
					http.NewResponseController(w).Flush() //nolint:errcheck // likewise
					select {
					case <-time.After(time.Minute):
					case <-x.request.Context().Done():
						return
					}
				}
			}
		})),
		both("drip: no byte at all", failsAs+"unavailable", search(func(x *exchange) { x.write = func(http.ResponseWriter) { <-x.request.Context().Done() } })),
		both("cut: JSON that ends in the middle", failsAs+"bad_reply", search(func(x *exchange) {
			x.reply = x.reply[:len(x.reply)/2]
			x.header.Del("Content-Length")
		})),
		both("cut: fewer bytes than are announced", failsAs+"unavailable", search(func(x *exchange) {
			x.header.Set("Content-Length", strconv.Itoa(len(x.reply)+100))
			x.write = func(w http.ResponseWriter) {
				w.Write(x.reply) //nolint:errcheck // the reader went away
				panic(http.ErrAbortHandler)
			}
		})),
		both("cut: an empty reply", failsAs+"bad_reply", search(func(x *exchange) { x.says(200, "application/json", "") })),
		both("type: HTML for JSON", failsAs+"bad_reply", search(func(x *exchange) { x.header.Set("Content-Type", "text/html") })),
		both("type: none, with JSON", failsAs+"bad_reply", search(func(x *exchange) { x.header["Content-Type"] = nil })),
		both("type: a login page", failsAs+"bad_reply", func(x *exchange) { x.says(200, "text/html", "<form>log in</form>") }),
		both("type: 204", failsAs+"bad_reply", search(func(x *exchange) {
			x.header.Del("Content-Type")
			x.write = func(w http.ResponseWriter) { w.WriteHeader(204) }
		})),
	}
}

func documentModes() []proxyMode {
	without := func(field string) func(*exchange) {
		return func(x *exchange) { x.issue(func(issue map[string]any) { delete(object(issue, "fields"), field) }) }
	}
	return []proxyMode{
		both("document: the list of issues twice, once empty", failsAs+"incomplete", func(x *exchange) {
			if x.wide() && x.search() {
				x.reply = append(bytes.TrimSuffix(bytes.TrimSpace(x.reply), []byte("}")), `,"issues":[],"total":0}`...)
				x.header.Del("Content-Length")
			}
		}),
		both("document: no list of issues", failsAs+"bad_reply", func(x *exchange) {
			if x.search() {
				x.edit(func(doc map[string]any) { delete(doc, "issues") })
			}
		}),
		both("document: a story without a status", quarantine, without("status")),
		both("document: a story without a project", quarantine, without("project")),
		both("document: a story without its creation", quarantine, without("created")),
		both("document: a story without fields", quarantine, func(x *exchange) { x.issue(func(issue map[string]any) { issue["fields"] = map[string]any{} }) }),
		both("document: a story without a key", quarantine, func(x *exchange) { x.issue(func(issue map[string]any) { delete(issue, "key") }) }),
		both("document: records that do not say what they changed", quarantine, func(x *exchange) { x.records(func(r map[string]any) { delete(r, "items") }) }),
		both("document: comments without an instant", quarantine, func(x *exchange) { x.comments(func(c map[string]any) { delete(c, "created") }) }),
		both("document: a status that is a list", quarantine, func(x *exchange) { x.field("status", []any{"Open"}) }),
		both("document: links to another host everywhere", unharmed, func(x *exchange) {
			x.reply = bytes.ReplaceAll(x.reply, []byte("http://jira.example"), []byte("http://other.example"))
			if x.wide() {
				x.reply = append([]byte(`{"self":"http://other.example/x","nextPage":"http://other.example/y",`), bytes.TrimSpace(x.reply)[1:]...)
			}
			x.header.Del("Content-Length")
		}),
	}
}

func pagingModes() []proxyMode {
	return []proxyMode{
		both("paging: more comments counted than given", short, func(x *exchange) {
			if x.is("/issue/N/comment") && strings.Contains(x.request.URL.Path, x.victim) {
				x.edit(func(doc map[string]any) { doc["total"] = 50 })
			}
			x.issue(func(issue map[string]any) { object(object(issue, "fields"), "comment")["total"] = 50 })
		}),
		{"paging: more records counted than given", noSuchMode, quarantine, func(x *exchange) {
			x.issue(func(issue map[string]any) { object(issue, "changelog")["total"] = 50 })
		}},
		{"paging: more stories counted than given", noSuchMode, failsAs + "incomplete", func(x *exchange) {
			if x.search() {
				x.edit(func(doc map[string]any) { doc["total"] = 5000 })
			}
		}},
		{"paging: the same token for ever", failsAs + "incomplete", noSuchMode, func(x *exchange) {
			if x.search() {
				x.edit(func(doc map[string]any) { doc["nextPageToken"], doc["isLast"] = "same", false })
			}
			x.again()
		}},
		{"paging: the same page by ever new tokens", failsAs + "incomplete", noSuchMode, func(x *exchange) {
			if x.search() {
				n := 0
				fmt.Sscanf(x.token(), "fresh%d", &n) //nolint:errcheck // the first page has none
				x.edit(func(doc map[string]any) { doc["nextPageToken"], doc["isLast"] = fmt.Sprintf("fresh%d", n+1), false })
			}
			x.again()
		}},
		{"paging: histories by ever new tokens", failsAs + "incomplete", noSuchMode, func(x *exchange) {
			if x.is("/changelog/bulkfetch") {
				n := 0
				fmt.Sscanf(x.token(), "fresh%d", &n) //nolint:errcheck // the first page has none
				x.says(200, "application/json", fmt.Sprintf(`{"issueChangeLogs":[],"nextPageToken":"fresh%d"}`, n+1))
			}
		}},
		both("paging: no stories, although some changed", failsAs+"incomplete", func(x *exchange) {
			if x.search() {
				x.says(200, "application/json", `{"issues":[],"total":0,"isLast":true}`)
			}
		}),
	}
}

// token returns the page token of the request.
func (x *exchange) token() string {
	var asked struct {
		Token string `json:"nextPageToken"`
	}
	if json.Unmarshal(x.asked, &asked) != nil {
		return ""
	}
	return asked.Token
}

// again answers a search for a page that the simulated Jira does not have with an
// empty one.
func (x *exchange) again() {
	if x.search() && x.status == 400 {
		x.says(200, "application/json", `{"issues":[],"nextPageToken":`+strconv.Quote(x.token()+"0")+`}`)
	}
}
