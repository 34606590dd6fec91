"""Other kinds of layers, written as Linear and Conv2d layers that compute the same."""

from leastloss.models.linear_forms.attention import AttentionForm as AttentionForm
from leastloss.models.linear_forms.forms import FORMS as FORMS
from leastloss.models.linear_forms.forms import form_hint as form_hint
from leastloss.models.linear_forms.forms import linear_form as linear_form
from leastloss.models.linear_forms.forms import native_form as native_form
