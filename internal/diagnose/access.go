package diagnose

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
)

// flavorName is what people call a kind of Jira.
func flavorName(f jiradata.Flavor) string {
	if f == jiradata.Cloud {
		return "Jira Cloud"
	}
	return "Jira Data Center"
}

// address asks what is at jira.url. It needs no token.
func (e *examination) address(ctx context.Context) ([]Line, error) {
	j := e.Config.Jira
	asked := j.URL + "/rest/api/2/serverInfo"
	e.Progress("asking " + asked)
	info, err := e.Client.ServerInfo(ctx)
	if err == nil {
		e.flavor = info.Flavor
		if j.Flavor != "auto" && j.Flavor != string(info.Flavor) {
			e.dead = true
			return []Line{{
				Topic: "address", Grade: Broken, Text: fmt.Sprintf("%s is a %s, and jira.flavor says %s", j.URL, flavorName(info.Flavor), j.Flavor),
				Remedy: fmt.Sprintf("write jira.flavor: %s, or leave the key out", info.Flavor),
			}}, nil
		}
		return []Line{{Topic: "address", Text: fmt.Sprintf("%s is a %s, version %s", j.URL, flavorName(info.Flavor), info.Version)}}, nil
	}
	text, remedy := explain(err)
	var failure *jira.Error
	if errors.As(err, &failure) && failure.Status == 0 && failure.Detail != "" {
		text = failure.Detail // nothing answered: where it was asked stands before it
	}
	text = "GET " + asked + ": " + text
	known := j.Flavor != "auto"
	if known {
		e.flavor = jiradata.Flavor(j.Flavor)
	}
	switch {
	case errors.Is(err, jira.ErrUnauthorized): // so Jira answers a token that it does not know, though this needs none
		return []Line{{Topic: "address", Text: fmt.Sprintf("a Jira answers at %s", asked)}}, nil
	case known && (errors.Is(err, jira.ErrForbidden) || errors.Is(err, jira.ErrNotFound)):
		// A gateway may refuse this endpoint and let the others pass.
		return []Line{{Topic: "address", Grade: Look, Text: text, Remedy: "the next line says whether it is a " + flavorName(e.flavor) + " all the same, as jira.flavor has it"}}, nil
	}
	if errors.Is(err, jira.ErrNotFound) {
		remedy = "write jira.url as the address of Jira alone, and with its context path if it has one, such as https://jira.example.com/jira"
	}
	e.dead = true
	return []Line{{Topic: "address", Grade: Broken, Text: text, Remedy: remedy}}, nil
}

// tokenKind says what kind of token the config has, by how it is sent, and what
// to look at where Jira refuses it.
func (e *examination) tokenKind() (kind, remedy string) {
	j := e.Config.Jira
	from := "YOURTURN_JIRA_TOKEN"
	if j.TokenFile != "" {
		from = "jira.token_file (" + j.TokenFile + ")"
	}
	const (
		apiTokens = "https://id.atlassian.com/manage-profile/security/api-tokens"
		scopes    = "read:jira-work and read:jira-user"
		pat       = "make a personal access token in your Jira profile, and put it into "
	)
	switch {
	case e.flavor == jiradata.DataCenter && j.Email != "":
		return "a password of " + j.Email, "this is a Data Center: leave jira.email out, and " + pat + from
	case e.flavor == jiradata.DataCenter:
		return "a personal access token", "check that " + from + " holds the whole token and that it has not expired; else " + pat + from
	case jira.IsGateway(j.URL) && j.Email != "":
		return "a Cloud API token with scopes, of " + j.Email, "check jira.email, and that the token in " + from + " has the scopes " + scopes + " and has not expired; make one at " + apiTokens
	case jira.IsGateway(j.URL):
		return "a Cloud bearer token with scopes", "check that the token in " + from + " has the scopes " + scopes + " and has not expired"
	case j.Email != "" && e.flavor == "":
		return "a Cloud API token of " + j.Email, "check that jira.email is the account that made the token, and that " + from + " holds the whole token and that it has not expired; a token with scopes works only at the gateway, https://api.atlassian.com/ex/jira/CLOUDID; if this is a Data Center, leave jira.email out"
	case j.Email != "":
		return "a Cloud API token of " + j.Email, "check that jira.email is the account that made the token, and that " + from + " holds the whole token and that it has not expired; a token with scopes works only at the gateway, https://api.atlassian.com/ex/jira/CLOUDID; make one at " + apiTokens
	case e.flavor == jiradata.Cloud:
		return "a bearer token", "a site of Jira Cloud takes no bearer token: write jira.email, the address of the account that made the API token in " + from
	default:
		return "a bearer token", "on Jira Cloud write jira.email too, the address of the account that made the API token; on Data Center check that " + from + " holds the whole personal access token and that it has not expired"
	}
}

// token asks as whom Jira knows the token.
func (e *examination) token(ctx context.Context) ([]Line, error) {
	kind, remedy := e.tokenKind()
	e.Progress("asking who the token is")
	var err error
	if e.me, err = e.Client.Myself(ctx); err != nil {
		e.dead = true
		text, other := explain(err)
		if !errors.Is(err, jira.ErrUnauthorized) && !errors.Is(err, jira.ErrForbidden) {
			remedy = other
		}
		return []Line{{Topic: "token", Grade: Broken, Text: "Jira refuses it, sent as " + kind + ": " + text, Remedy: remedy}}, nil
	}
	account := Line{Topic: "account", Text: fmt.Sprintf("%s (account %s, time zone %s)", e.me.DisplayName, e.me.Account, e.me.TimeZone)}
	if err := collector.CheckAccount(e.state, e.me); err != nil {
		account.Grade, account.Text, account.Remedy = Broken,
			fmt.Sprintf("%s (account %s), and the store was filled as %s, who may see more or less", e.me.DisplayName, e.me.Account, e.state.Account),
			"use a token of the former account, or an empty store (store.url)"
	}
	return []Line{{Topic: "token", Text: kind + " is accepted"}, account}, nil
}

// clocksDiffer is by how much clocks may differ.
const clocksDiffer = time.Minute

// clock compares Jira's clock with this machine's, and with the one that dates
// its replies.
func (e *examination) clock(context.Context) ([]Line, error) {
	ahead := e.Now().Sub(e.me.At.Time()).Round(time.Second)
	line := Line{Topic: "clock", Text: "Jira's clock and this machine's agree to a minute"}
	if ahead.Abs() > clocksDiffer {
		line.Grade = Look
		line.Text = fmt.Sprintf("this machine's clock is %s ahead of Jira's", ahead)
		if ahead < 0 {
			line.Text = fmt.Sprintf("this machine's clock is %s behind Jira's", -ahead)
		}
		line.Remedy = "set this machine's clock: the numbers go by Jira's, but alerts compare them with Prometheus's"
	}
	if err := collector.CheckClock(e.state, e.me, e.Now()); err != nil {
		line.Grade = Broken
		line.Remedy = "set the clock that is wrong, this machine's or Jira's: no poll is complete while two of three contradict Jira's"
	}
	lines := []Line{line}
	if d := e.me.DateAhead; d.Abs() > clocksDiffer {
		lines = append(lines, Line{
			Topic: "clock", Grade: Look, Text: fmt.Sprintf("the Date of Jira's replies is %s ahead of Jira's own clock, which alone counts", d),
			Remedy: "look at the clock of the proxy before Jira",
		})
	}
	return lines, nil
}
