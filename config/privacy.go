package config

// leastKey is the length of the shortest key of pseudonyms, in characters. Accounts
// can be guessed, so a key that can be guessed too hides nobody.
const leastKey = 32

// Privacy is how people are named in what leaves the service, and what is said of
// them.
type Privacy struct {
	Pseudonyms bool   `yaml:"pseudonyms"` // keyed hashes in the place of keys and names
	KeyFile    string `yaml:"key_file"`   // where Key was read from
	Titles     bool   `yaml:"titles"`     // what stories are called is kept; see store.WantsTitles
	PerOwner   bool   `yaml:"per_owner"`  // statistics of single owners are shown
	AccessLog  bool   `yaml:"access_log"` // who looked at an owner's numbers is kept, and shown to that owner

	Key Secret `yaml:"-" json:"-"` // of the hashes
}

func (v Privacy) check(p *report) {
	if v.Pseudonyms && v.KeyFile == "" {
		p.on("privacy.pseudonyms", "needs a key; name a file with a long random text in privacy.key_file")
	}
}

// checkKey reports what is wrong with the key, once it was read.
func (v Privacy) checkKey(p *report) {
	const key = "privacy.key_file"
	if v.Key == "" {
		return
	}
	if len(v.Key) < leastKey {
		p.on(key, "%s holds fewer than %d characters; write a long random text into it, such as openssl rand -hex 32 gives", v.KeyFile, leastKey)
	}
	if _, open := openToAll(v.KeyFile, onReadOnly); open {
		p.on(key, "everybody on this machine may read %s, and with it undo the pseudonyms; take that away: chmod o-rwx %[1]s", v.KeyFile)
	}
}
