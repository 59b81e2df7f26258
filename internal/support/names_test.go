package support

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/redact"
)

// known returns Names of a small world.
func known() *Names {
	n := NewNames(redact.New("t0k3n-of-jira"), "pa55-of-a-proxy")
	n.Owner("ada", []string{"5b10ac8d82e05b22cc7d4ef5"}, []string{"ada@example.com"})
	n.Owner("bo", nil, nil)
	n.Automation("robot-17")
	n.Host("jira.corp.example")
	n.Folder("/srv/teams/zdenka")
	n.Account("5b10ac8d82e05b22cc7d4ef5", "alovelace", "Ada Lovelace")
	n.Account("JIRAUSER10842", "zquill", "Zdenka Quillfeather")
	n.Account("712020:0b1c2d3e-0000-1111-2222-333344445555", "", "山田太郎")
	n.Account("x", "", "Ł. Žižek (ext)")
	return n
}

// TestText: names are replaced wherever they stand as words, in whatever form text has
// them, and what only looks like them stays.
func TestText(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"", ""},
		{"nothing of anybody", "nothing of anybody"},
		{"bo asks Ada Lovelace", "owner-2 asks owner-1-account-1-name"},
		{"ADA LOVELACE, alovelace", "owner-1-account-1-name, owner-1-account-1-login"},
		{"a bobsleigh of adamant bo_bo", "a bobsleigh of adamant bo_bo"},
		{`owner="bo",x`, `owner="owner-2",x`},
		{"accountId=5b10ac8d82e05b22cc7d4ef5", "accountId=owner-1-account-1"},
		{"assignee%3DZdenka+Quillfeather&x", "assignee%3Daccount-2-name&x"},
		{`"\nZdenka Quillfeather\u0022`, `"\naccount-2-name\u0022`},
		{`C:\zquill\x`, `C:\account-2-login\x`},
		{"q=Zdenka+Quillfeather&x", "q=account-2-name&x"},
		{"q=Zdenka%20Quillfeather&x", "q=account-2-name&x"},
		{"by 712020%3A0b1c2d3e-0000-1111-2222-333344445555.", "by account-3."},
		{"山田太郎さん", "account-3-nameさん"},
		{`{"n":"\u0141. \u017di\u017eek (ext)"}`, `{"n":"account-4-name"}`},
		{"Ł. Žižek (ext)!", "account-4-name!"},
		{"write to eve.smith+x@mail.corp.example.", "write to email-1."},
		{"of ada@example.com", "of owner-1-user-1"},
		{"to bo%40example.com", "to email-1"},
		{"GET https://jira.corp.example/rest?x", "GET https://host-1/rest?x"},
		{"http://kim:hunter22@proxy.internal:3128", "http://[redacted]@host-2:3128"},
		{`Get "https://other.example:8443/a": dial tcp: lookup other.example on 10.1.2.3:53: no such host`, `Get "https://host-2:8443/a": dial tcp: lookup host-2 on host-3:53: no such host`},
		{"https://api.atlassian.com/ex/jira/11223344-a0a0/rest", "https://host-2/ex/jira/host-3/rest"},
		{"x509: certificate is valid for a.corp, b.corp, not jira.corp.example", "x509: certificate is valid for host-2"},
		{"from [2001:db8::7]:443 and ::1", "from [host-2]:443 and ::1"},
		{"127.0.0.1:9817, 0.0.0.0, http://localhost:1, 10:15:30, 2026-01-05T10:15:30.000Z", "127.0.0.1:9817, 0.0.0.0, http://localhost:1, 10:15:30, 2026-01-05T10:15:30.000Z"},
		{"yourturn serve (process 12 on box-of-kim, since x)", "yourturn serve (process 12 on host-2, since x)"},
		{"open /srv/teams/zdenka/store.db", "open folder-1/store.db"},
		{"open /home/kim/store.db", "open /home/user-1/store.db"},
		{`open C:\Users\kim\store.db`, `open C:\Users\user-1\store.db`},
		{"/owners/eve and /owners/bo", "/owners/owner-3 and /owners/owner-2"},
		{"user 5b10ac8d82e05b22cc7d4eff", "user account-5"},
		{"user JIRAUSER99", "user account-5"},
		{"robot-17 and xrobot-17x", "account-1 and x[redacted]x"},
		{"you sent t0k3n-of-jira and pa55-of-a-proxy", "you sent [redacted] and [redacted]"},
		{"turned \u202eround\x1b", "turned \ufffdround\ufffd"},
	} {
		if got := known().Text(tc.in); got != tc.want {
			t.Errorf("%q became %q, want %q", tc.in, got, tc.want)
		}
	}
}

// TestSamePlaceholder: a name that is found by its form has one placeholder from then on,
// and names are numbered as they become known.
func TestSamePlaceholder(t *testing.T) {
	n := known()
	for _, tc := range []struct{ in, want string }{
		{"eve@mail.example at https://a.example", "email-1 at https://host-2"},
		{"kim@mail.example at https://b.example", "email-2 at https://host-3"},
		{"EVE@mail.example at a.example", "email-1 at host-2"},
	} {
		if got := n.Text(tc.in); got != tc.want {
			t.Errorf("%q became %q, want %q", tc.in, got, tc.want)
		}
	}
}

// TestEncodedIdentifiers: identifiers of the config are found in encodings too.
func TestEncodedIdentifiers(t *testing.T) {
	n := known()
	n.Mail("bot@corp.example")
	for _, secret := range []string{"5b10ac8d82e05b22cc7d4ef5", "bot@corp.example", "ada@example.com", "t0k3n-of-jira"} {
		for name, encoded := range map[string]string{
			"base64": base64.StdEncoding.EncodeToString([]byte("xx:" + secret + "!")), "hex": hex.EncodeToString([]byte(secret)),
			"URL": url.QueryEscape("=" + secret), "JSON": strconv.QuoteToASCII(secret), "inside": "x" + secret + "x",
		} {
			got := n.Text("said " + encoded)
			if strings.Contains(got, secret) || got == "said "+encoded {
				t.Errorf("%s in %s became %q", secret, name, got)
			}
		}
	}
}

// TestAsker: the log says of requests who sent them, and nothing else may know them.
func TestAsker(t *testing.T) {
	n := known()
	for in, want := range map[string]string{
		"SIGHUP": "SIGHUP", Command: Command, "somebody at 127.0.0.1": "somebody at 127.0.0.1",
		"sam at home at 10.1.2.3": "user-1 at host-2", "bo": "owner-2",
	} {
		if got := n.asker(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got, want := n.Text("sam at home was here"), "user-1 was here"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
