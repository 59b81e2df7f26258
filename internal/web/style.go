package web

// Style returns the sheet of the pages, for a document that has to have it in itself.
func Style() string {
	text, err := files.ReadFile("assets/page.css")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return string(text)
}
