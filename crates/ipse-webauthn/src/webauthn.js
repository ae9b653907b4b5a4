// Joins the forms of the self-service flows with the browser's WebAuthn functions. Forms name the functions below; which fields
// they read and write is part of the interface. It doesn't matter when this script arrives, or how often.
(function () {
  "use strict";

  if (window.oryWebAuthnInitialized || window.__oryWebAuthnInitialized) {
    return;
  }
  window.__oryWebAuthnInitialized = true;
  window.oryWebAuthnInitialized = true;

  // The passkey that is offered in the background until the person picks one: how to withdraw the offer, and when it is over.
  let offer = null;
  // How often it was to be offered. The last time counts: a page that shows another form without loading anew has a new question.
  let offers = 0;
  // Whether the person is being asked for a key. Browsers ask one question at a time.
  let asking = false;
  // Whether an answer is on its way; a second one would take its place and fail, as each question is answered once.
  let sent = false;

  addEventListener("pageshow", () => {
    sent = false;
  });

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

  // Somebody who changes their mind needs no explanation.
  function isFailure(error) {
    return error.name !== "NotAllowedError" && error.name !== "AbortError";
  }

  function log(error) {
    if (isFailure(error)) {
      console.error(error);
    }
  }

  function complain(error) {
    log(error);
    if (isFailure(error)) {
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
    if (sent) {
      return;
    }
    sent = true;
    const input = field(name);
    input.value = answer;
    HTMLFormElement.prototype.submit.call(input.closest("form"));
  }

  // Withdraws the offer, and waits until it is over: whoever asks earlier is refused.
  async function withdraw() {
    const open = offer;
    if (!open) {
      return false;
    }
    open.abort.abort();
    await open.over;
    if (offer === open) {
      offer = null;
    }
    return true;
  }

  // Asks for a key and sends what it says.
  async function ask(question, name, said) {
    if (!supported() || asking || sent) {
      return;
    }
    asking = true;
    const offered = await withdraw();
    try {
      send(name, said(await question()));
      asking = false;
    } catch (error) {
      asking = false;
      complain(error);
      if (offered) {
        oryPasskeyLoginAutocompleteInit();
      }
    }
  }

  function create(options, name) {
    if (options) {
      ask(() => navigator.credentials.create(creation(options)), name, created);
    }
  }

  function get(options, name) {
    if (options) {
      ask(() => navigator.credentials.get(request(options)), name, signed);
    }
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
  async function oryPasskeyLoginAutocompleteInit() {
    const options = optionsIn("passkey_challenge");
    const key = window.PublicKeyCredential;
    if (!options || !key || !key.isConditionalMediationAvailable) {
      return;
    }
    const mine = ++offers;
    const available = await key.isConditionalMediationAvailable();
    await withdraw();
    if (!available || asking || sent || mine !== offers) {
      return;
    }
    const abort = new AbortController();
    const wanted = Object.assign(request(options), { mediation: "conditional", signal: abort.signal });
    const answer = navigator.credentials.get(wanted);
    // Nobody has asked for this, so that nobody has to hear when it fails.
    offer = { abort, over: answer.then((picked) => send("passkey_login", signed(picked))).catch(log) };
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
