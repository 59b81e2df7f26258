package orgs

import (
	"fmt"
	"hash/fnv"
)

// wishes returns what stories of an organisation are about, in its language.
func wishes(org string) (what, where []string) {
	switch org {
	case "german-lead":
		return []string{"Rechnung als PDF senden", "Pfand einzeln ausweisen", "Bon per E-Mail schicken", "Gutschein teilweise einlösen", "Kasse bei Stromausfall weiterführen", "Rückgabe ohne Bon buchen", "Tagesabschluss prüfen"},
			[]string{"", "für Filialen in Österreich", "am Selbstbedienungsterminal", "nach Ladenschluss", "mit Kundenkarte"}
	case "french-components":
		return []string{"Virer à une date choisie", "Afficher le solde en plusieurs devises", "Bloquer une carte perdue", "Télécharger un relevé", "Partager un compte", "Signaler un débit inconnu"},
			[]string{"", "depuis l'application", "pour les professionnels", "sans nouvel identifiant", "le week-end"}
	case "spanish-two":
		return []string{"Reservar para un grupo", "Cambiar la fecha de una reserva", "Pagar al llegar", "Avisar de una cancelación", "Elegir habitación en el plano"},
			[]string{"", "desde el móvil", "para agencias", "sin tarjeta", "en temporada alta"}
	case "japanese-team-managed":
		return []string{"検索結果を保存する", "通知を夜間に止める", "領収書を再発行する", "二段階認証を設定する", "お気に入りを共有する"},
			[]string{"", "(スマートフォン)", "(法人向け)", "(英語版)"}
	case "polish-noise":
		return []string{"Drukuj etykietę zwrotu", "Przenieś towar między regałami", "Zgłoś brak w dostawie", "Policz zapasy w nocy", "Zarezerwuj rampę"},
			[]string{"", "w magazynie zewnętrznym", "na skanerze", "dla palet", "bez sieci"}
	}
	return []string{"Show the delivery date in the basket", "Export the list of orders", "Remember the last filter", "Send a reminder before it expires", "Allow two addresses", "Explain why a form is refused", "Import contacts from a file", "Undo the last change"},
		[]string{"", "on the phone", "for new customers", "in the admin area", "by keyboard", "for large accounts"}
}

// title returns what the n-th story of a project is called.
func title(org, project string, n int) string {
	what, where := wishes(org)
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", project, n)
	sum := h.Sum64()
	out := what[sum%uint64(len(what))]
	if w := where[sum/997%uint64(len(where))]; w != "" {
		out += " " + w
	}
	return out
}
