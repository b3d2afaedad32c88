//! Names of columns, as exports spell them in their languages; folded: compatibility form, lower case, letters and
//! digits only. Within a field the earlier name wins.

use super::columns::Meaning;
use crate::domain::{
    intake::Field,
    lead::Platform::{Facebook, Instagram, LinkedIn, X},
};

#[rustfmt::skip]
pub(super) const NAMES: &[(Meaning, &[&str])] = &[
    (Meaning::Is(Field::Platform), &[
        "platform", "network", "socialnetwork", "socialmediaplatform", "plattform", "netzwerk", "plateforme", "réseau", "plataforma", "redsocial",
        "redesocial", "piattaforma", "socialnetworkname",
    ]),
    (Meaning::Is(Field::Id), &[
        "pk", "userid", "profileid", "externalid", "memberid", "accountid", "authorid", "userpk", "idstr", "restid",
        "linkedinid", "linkedinmemberid", "facebookid", "fbid", "twitterid", "twitteruserid", "xid", "instagramid",
        "instagramuserid", "igid", "iguserid",
    ]),
    // May as well count the rows.
    (Meaning::PerhapsId, &["id"]),
    (Meaning::Is(Field::Username), &[
        "username", "handle", "screenname", "userhandle", "profilename", "accountname", "nickname", "user", "account", "publicidentifier",
        "publicid", "vanityname", "benutzername", "nutzername", "profilname", "nomdutilisateur", "pseudo", "nombredeusuario", "usuario", "nomeutente",
        "nomedeusuário", "nomedeusuario", "usuário", "nomeusuario", "gebruikersnaam", "creatorusername", "influencerusername", "ownerusername", "authorusername",
    ]),
    (Meaning::On(Field::Username, Instagram), &["instagramhandle", "instagramusername", "iguser", "ighandle", "igusername", "instagram", "instagramaccount"]),
    (Meaning::On(Field::Username, X), &["twitterhandle", "twitterusername", "twitter", "xhandle", "xusername", "twitteraccount"]),
    (Meaning::On(Field::Username, Facebook), &["facebookusername", "facebook"]),
    (Meaning::On(Field::Username, LinkedIn), &["linkedinusername", "linkedin", "linkedinpublicidentifier", "linkedinhandle"]),
    (Meaning::Is(Field::Name), &[
        "fullname", "name", "displayname", "contactname", "personname", "profilefullname", "creatorname", "influencername", "ownerfullname", "authorname",
        "vollständigername", "vollername", "anzeigename", "nomcomplet", "nom", "nombrecompleto", "nombreyapellidos", "nombre", "nomecompleto",
        "nome", "nomeecognome", "nomecognome", "volledigenaam", "naam", "imięinazwisko",
    ]),
    (Meaning::FirstName, &[
        "firstname", "givenname", "forename", "vorname", "prénom", "prenom", "primernombre", "primeironome", "voornaam", "imię", "imie",
    ]),
    (Meaning::LastName, &[
        "lastname", "familyname", "surname", "nachname", "familienname", "nomdefamille", "apellidos", "apellido", "cognome", "sobrenome", "apelido",
        "achternaam", "nazwisko",
    ]),
    (Meaning::Is(Field::Email), &[
        "email", "emailaddress", "mail", "publicemail", "professionalemail", "businessemail", "workemail", "contactemail", "primaryemail", "mailaddress",
        "emails", "emailaddresses", "mails", "emailid", "emailcontact", "emailpro", "emailprofessional", "verifiedemail", "emailprofessionnel", "mailpro",
        "mailadresse", "emailadresse", "epost", "epostadresse", "adresseemail", "adressemail", "courriel", "adresseélectronique", "adressedemessagerie", "correo",
        "correoelectrónico", "correoelectronico", "direccióndecorreoelectrónico", "direccióndeemail", "indirizzoemail", "indirizzodipostaelettronica", "postaelettronica", "endereçodeemail",
        "enderecodeemail", "emailadres", "mailadres", "adresemail", "publicprofileemail", "profileemail", "useremail", "personalemail",
        "privateemail", "bioemail", "emailfrombio", "biographyemail", "scrapedemail", "foundemail", "email1", "email2", "email1value", "email2value", "emailvalue", "secondaryemail",
        "contactemails", "publicemails", "geschäftlicheemail", "privateemailadresse",
    ]),
    (Meaning::Is(Field::ProfileUrl), &[
        "profileurl", "profilelink", "publicprofileurl", "defaultprofileurl", "linkedinprofileurl", "personlinkedinurl", "linkedinurl", "linkedinprofile", "linkedinlink", "linkedinprofillink",
        "instagramurl", "instagramprofile", "instagramprofileurl", "instagramlink", "twitterurl", "twitterprofileurl", "twitterprofile", "xurl", "xprofileurl", "facebookurl",
        "facebookprofile", "facebookprofileurl", "facebooklink", "userurl", "accounturl", "channelurl", "pageurl", "profilurl", "profillink", "urlprofil",
        "profil", "lienduprofil", "lienprofil", "urlduprofil", "urldelperfil", "urlperfil", "enlacedelperfil", "enlacealperfil", "perfil", "urlprofilo",
        "linkprofilo", "profilo", "urldoperfil", "linkdoperfil", "profielurl", "profiellink", "profiel", "profileaddress", "profile", "url",
        "link", "inputurl", "permalink",
    ]),
    (Meaning::Is(Field::Bio), &[
        "bio", "biography", "profilebio", "biotext", "description", "profiledescription", "about", "aboutme", "summary", "headline",
        "linkedinheadline", "tagline", "intro", "beschreibung", "biografie", "biographie", "übermich", "profilbeschreibung", "kurzbeschreibung", "descripción",
        "descripcion", "biografía", "biografia", "descrição", "descricao", "descrizione", "beschrijving", "jobtitle", "title", "position",
        "currentposition", "occupation", "berufsbezeichnung", "titel", "poste", "cargo",
    ]),
    (Meaning::Is(Field::Followers), &[
        "followers", "followercount", "followerscount", "follower", "numberoffollowers", "nooffollowers", "numfollowers", "followersnumber", "totalfollowers", "followerstotal",
        "followersum", "instagramfollowers", "twitterfollowers", "linkedinfollowers", "edgefollowedbycount", "followedbycount", "subscribers", "subscribercount", "subscriberscount", "fans",
        "fancount", "audiencesize", "anzahlfollower", "followeranzahl", "followerzahl", "abonnenten", "abonnés", "abonnes", "nombredabonnés", "nombredabonnes",
        "nbabonnés", "seguidores", "númerodeseguidores", "numerodeseguidores", "seguaci", "numerodifollower", "numerofollower", "volgers", "aantalvolgers", "obserwujący",
    ]),
    (Meaning::Is(Field::Verified), &[
        "verified", "isverified", "verifiedaccount", "isblueverified", "bluecheck", "verifiziert", "vérifié", "verifie", "verificado", "verificada",
        "verificato", "geverifieerd",
    ]),
    (Meaning::Is(Field::Location), &[
        "location", "city", "place", "locationname", "cityname", "profilelocation", "ort", "stadt", "wohnort", "standort",
        "ville", "lieu", "localisation", "ciudad", "ubicación", "ubicacion", "localidad", "città", "citta", "località",
        "localita", "cidade", "localização", "localizacao", "plaats", "stad", "woonplaats", "miasto", "geolocation",
    ]),
    (Meaning::Is(Field::Website), &[
        "website", "site", "homepage", "externalurl", "websiteurl", "web", "externallink", "personalwebsite", "webseite", "weburl",
        "linkinbio", "biolink", "biolinks", "blog", "blogurl", "siteweb", "siteinternet", "sitioweb", "páginaweb", "paginaweb",
        "sitoweb", "sito", "expandedurl", "website1value",
    ]),
    (Meaning::Is(Field::Country), &[
        "country", "countrycode", "countryregion", "countryname", "countryorregion", "land", "ländercode", "landcode", "länderkürzel", "landregion",
        "pays", "paysrégion", "país", "pais", "paísregión", "paese", "nazione", "nation", "kraj", "countryiso", "mailingcountry", "contactcountry", "personcountry", "homecountry",
    ]),
    (Meaning::Is(Field::Language), &[
        "language", "lang", "languagecode", "preferredlanguage", "sprache", "langue", "idioma", "lingua", "língua", "taal", "locale", "język",
    ]),
    // As services write into an export who wants no mail, and whose address is dead.
    (Meaning::OptOut, &[
        "unsubscribed", "isunsubscribed", "hasunsubscribed", "unsubscribedfromemails", "emailunsubscribed", "emailunsubscribedat", "unsubscribedtime", "unsubscribe", "unsubscribedfromallemail", "unsubscribedat", "unsubscribedon", "unsubscribeddate", "unsubscribedate",
        "unsubscribetime", "unsubtime", "optedout", "isoptedout", "optout", "emailoptout", "hsemailoptout", "emailoptedout", "optedoutofemail", "hasoptedoutofemail",
        "optouttime", "optoutdate", "donotemail", "donotcontact", "donotmail", "donotallowemails", "donotallowbulkemails", "donotbulkemail", "emailsuppressions", "emailblacklisted",
        "suppressed", "cleantime", "abgemeldet", "désinscrit", "désabonné", "dadodebaja", "disiscritto", "afgemeld",
    ]),
    (Meaning::Status, &[
        "status", "memberstatus", "subscriptionstatus", "subscriberstatus", "emailmarketingstatus", "emailstatus", "emailpermissionstatus", "marketingstatus", "emailmarketingconsent", "consentstatus",
    ]),
];
