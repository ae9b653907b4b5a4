// Joins the forms of the self-service flows with the browser's WebAuthn functions. Forms name the functions below; which fields
// they read and write is part of the interface. It doesn't matter when this script arrives, or how often.
(function () {
  "use strict";

  if (window.oryWebAuthnInitialized || window.__oryWebAuthnInitialized) {
    return;
  }
  window.__oryWebAuthnInitialized = true;
  window.oryWebAuthnInitialized = true;

  // The pending request for a passkey that waits in the background until the person picks one.
  let waiting = null;

  function field(name) {
    return document.querySelector('[name="' + name + '"]');
  }

  function decode(text) {
    const plain = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
  }

  function encode(buffer) {
    const text = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function parsed(value) {
    return typeof value === "string" ? JSON.parse(value) : value;
  }

  function optionsIn(name) {
    const input = field(name);
    return input && input.value ? JSON.parse(input.value) : null;
  }

  function withIds(keys) {
    return (keys || []).map((key) => Object.assign({}, key, { id: decode(key.id) }));
  }

  function creation(options) {
    const wanted = Object.assign({}, options.publicKey);
    wanted.challenge = decode(wanted.challenge);
    wanted.user = Object.assign({}, wanted.user, { id: decode(wanted.user.id) });
    wanted.excludeCredentials = withIds(wanted.excludeCredentials);
    return { publicKey: wanted };
  }

  function request(options) {
    const wanted = Object.assign({}, options.publicKey);
    wanted.challenge = decode(wanted.challenge);
    wanted.allowCredentials = withIds(wanted.allowCredentials);
    return { publicKey: wanted };
  }

  function created(key) {
    return JSON.stringify({
      id: key.id,
      rawId: encode(key.rawId),
      type: key.type,
      response: {
        attestationObject: encode(key.response.attestationObject),
        clientDataJSON: encode(key.response.clientDataJSON),
      },
    });
  }

  function signed(key) {
    return JSON.stringify({
      id: key.id,
      rawId: encode(key.rawId),
      type: key.type,
      response: {
        authenticatorData: encode(key.response.authenticatorData),
        clientDataJSON: encode(key.response.clientDataJSON),
        signature: encode(key.response.signature),
        userHandle: key.response.userHandle ? encode(key.response.userHandle) : "",
      },
    });
  }

  function complain(error) {
    // Somebody who changes their mind needs no explanation.
    if (error.name !== "NotAllowedError" && error.name !== "AbortError") {
      console.error(error);
      alert(error.message);
    }
  }

  function supported() {
    if (window.PublicKeyCredential) {
      return true;
    }
    alert("This browser does not support security keys and passkeys.");
    return false;
  }

  // Puts the answer into its field and sends the form, without the checks of fields that other methods need.
  function send(name, answer) {
    const input = field(name);
    input.value = answer;
    HTMLFormElement.prototype.submit.call(input.closest("form"));
  }

  function stopWaiting() {
    if (waiting) {
      waiting.abort();
      waiting = null;
    }
  }

  function create(options, name) {
    if (!options || !supported()) {
      return;
    }
    stopWaiting();
    navigator.credentials
      .create(creation(options))
      .then((key) => send(name, created(key)))
      .catch(complain);
  }

  function get(options, name) {
    if (!options || !supported()) {
      return;
    }
    const offered = waiting !== null;
    stopWaiting();
    navigator.credentials
      .get(request(options))
      .then((key) => send(name, signed(key)))
      .catch((error) => {
        complain(error);
        if (offered) {
          oryPasskeyLoginAutocompleteInit();
        }
      });
  }

  function oryWebAuthnRegistration(options) {
    const wanted = options ? parsed(options) : optionsIn("webauthn_register_trigger");
    create(wanted, "webauthn_register");
  }

  function oryWebAuthnLogin(options) {
    const wanted = options ? parsed(options) : optionsIn("webauthn_login_trigger");
    get(wanted, "webauthn_login");
  }

  function oryPasskeyLogin() {
    get(optionsIn("passkey_challenge"), "passkey_login");
  }

  // Offers passkeys among what the browser fills in, where it can do that.
  function oryPasskeyLoginAutocompleteInit() {
    const options = optionsIn("passkey_challenge");
    const key = window.PublicKeyCredential;
    if (!options || !key || !key.isConditionalMediationAvailable) {
      return;
    }
    key
      .isConditionalMediationAvailable()
      .then((available) => {
        if (!available) {
          return null;
        }
        stopWaiting();
        waiting = new AbortController();
        const wanted = request(options);
        wanted.mediation = "conditional";
        wanted.signal = waiting.signal;
        return navigator.credentials.get(wanted).then((answer) => send("passkey_login", signed(answer)));
      })
      .catch(complain);
  }

  function oryPasskeyRegistration() {
    const data = optionsIn("passkey_create_data");
    if (!data) {
      return;
    }
    const options = data.credentialOptions;
    const name = data.displayNameFieldName ? field(data.displayNameFieldName) : null;
    if (name && name.value) {
      options.publicKey.user.name = name.value;
      options.publicKey.user.displayName = name.value;
    }
    create(options, "passkey_register");
  }

  function oryPasskeySettingsRegistration() {
    create(optionsIn("passkey_create_data"), "passkey_settings_register");
  }

  window.oryWebAuthnRegistration = window.__oryWebAuthnRegistration = oryWebAuthnRegistration;
  window.oryWebAuthnLogin = window.__oryWebAuthnLogin = oryWebAuthnLogin;
  window.oryPasskeyLogin = window.__oryPasskeyLogin = oryPasskeyLogin;
  window.oryPasskeyRegistration = window.__oryPasskeyRegistration = oryPasskeyRegistration;
  window.oryPasskeyLoginAutocompleteInit = oryPasskeyLoginAutocompleteInit;
  window.__oryPasskeyLoginAutocompleteInit = oryPasskeyLoginAutocompleteInit;
  window.oryPasskeySettingsRegistration = oryPasskeySettingsRegistration;
  window.__oryPasskeySettingsRegistration = oryPasskeySettingsRegistration;
})();
