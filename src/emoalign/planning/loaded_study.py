"""A study with everything it names, and what follows from both together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emoalign.baselines.baseline_cards import BaselineCard
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating import together
from emoalign.embeddings.embedding_cards import EmbeddingModel
from emoalign.planning.studies import Study, StudyDataset
from emoalign.prompts import QuestionTemplate, question_template
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import PersonaTable, Protocol
from emoalign.study.scales import DatasetScale, HumanScale, LabelScale


@dataclass(frozen=True)
class LoadedStudy:
    """A study and the cards, prompt sets and models it names, all consistent with each other."""

    study: Study
    models: Mapping[str, ModelCard]
    datasets: Mapping[str, DatasetCard]
    prompt_sets: Mapping[str, PromptSet]
    personas: Mapping[str, PersonaTable] = field(default_factory=dict)
    baselines: Mapping[str, BaselineCard] = field(default_factory=dict)
    lexicon: SeedLexicon | None = None
    embedding: EmbeddingModel | None = None

    def dataset_entry(self, dataset: str) -> StudyDataset:
        """The study's entry for one of its datasets."""
        return next(entry for entry in self.study.datasets if entry.dataset == dataset)

    def protocol(self, name: str) -> Protocol:
        """One of the study's protocols."""
        return next(entry for entry in self.study.protocols if entry.name == name)

    def protocol_names(self) -> list[str]:
        """The names of the protocols, in alphabetical order."""
        return sorted(protocol.name for protocol in self.study.protocols)

    def raters(self, dataset: str) -> tuple[str, ...]:
        """The models that rate a dataset, in the order of the study."""
        chosen = self.dataset_entry(dataset).models
        return tuple(name for name in self.study.models if chosen is None or name in chosen)

    def scales(self, dataset: str) -> tuple[str, ...]:
        """The names of the scales the study asks about for one dataset."""
        return self.dataset_entry(dataset).scales or tuple(self.datasets[dataset].scales)

    def asked_scales(self, dataset: str) -> dict[str, DatasetScale]:
        """The scales the study asks about for one dataset, in alphabetical order."""
        card = self.datasets[dataset]
        return {name: card.scales[name] for name in sorted(self.scales(dataset))}

    def numbers(self, dataset: str) -> dict[str, HumanScale]:
        """Those of them that are scales of numbers."""
        scales = self.asked_scales(dataset).items()
        return {name: scale for name, scale in scales if isinstance(scale, HumanScale)}

    def labels(self, dataset: str) -> dict[str, LabelScale]:
        """Those of them that are scales of labels."""
        scales = self.asked_scales(dataset).items()
        return {name: scale for name, scale in scales if isinstance(scale, LabelScale)}

    def labelled(self) -> list[str]:
        """The datasets that are rated on a scale of labels."""
        return [dataset for dataset in sorted(self.datasets) if self.labels(dataset)]

    def prompt_set(self, protocol: str, dataset: str) -> PromptSet:
        """The prompt set that a protocol asks about a dataset with."""
        return self.prompt_sets[str(self.protocol(protocol).prompt_set(dataset))]

    def question_template(self, protocol: str, dataset: str, scale: str) -> QuestionTemplate:
        """The templates and wording with which a protocol asks about a scale of a dataset."""
        return question_template(self.prompt_set(protocol, dataset), scale)

    def asked(self, protocol: str, dataset: str) -> list[str]:
        """The subjects of a protocol's requests: names of scales, joined with "+"."""
        prompts = self.prompt_set(protocol, dataset)
        return sorted({together(prompts.asked_with(scale)) for scale in self.scales(dataset)})

    def participants(self, protocol: Protocol) -> tuple[str, ...]:
        """The personas of a protocol's participants; empty where they are nobody in particular."""
        if protocol.personas is None:
            return ()
        return self.personas[protocol.personas].texts()[: protocol.participants]
