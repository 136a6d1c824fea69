/** What the parts that all cards share say. */
export const WORDS = {
  en: {
    close: "Close",
    cancel: "Cancel",
  },
  de: {
    close: "Schließen",
    cancel: "Abbrechen",
  },
  fr: {
    close: "Fermer",
    cancel: "Annuler",
  },
};
